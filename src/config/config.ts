import { resolve } from 'node:path';
import type { RetryPolicy } from '../base/backoff.ts';
import { ServiceError } from '../base/errors.ts';
import { databaseTarget, type DatabaseTarget } from './database-target.ts';
import { effectiveSettings, type EffectiveSetting } from './effective-settings.ts';
import { toFieldError, type Fault } from './fault.ts';
import { kafkaClientSettings, type KafkaClientSettings } from './kafka-client-settings.ts';
import { readSettings, type ReadSettings } from './read-settings.ts';
import { RULES } from './rules.ts';
import type { Settings } from './settings.ts';
import { settingWarnings } from './warnings.ts';

export type Role = Settings['ROLE'];

/** The settings as the parts of the service take them; frozen. Paths are absolute, `…Ms` are milliseconds. */
export interface Config {
  readonly role: Role;
  readonly logLevel: Settings['LOG_LEVEL'];
  readonly dataDir: string;
  readonly shutdownTimeoutMs: number;
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
  /** 0: any free port */
  readonly grpcPort: number;
  /** undefined: gRPC without TLS */
  readonly grpcTls: { readonly certPath: string; readonly keyPath: string } | undefined;
  /** addresses and networks; empty: X-Forwarded-For is not believed */
  readonly trustProxy: readonly string[];
  readonly eventLog: Settings['EVENT_LOG'];
  readonly ackTimeoutMs: number;
  /** records */
  readonly logMaxPending: number;
  readonly logRetentionMs: number;
  readonly kafkaGroupId: string;
  /** undefined: a member of the group like any other, by a name that the group gives it */
  readonly kafkaGroupInstanceId: string | undefined;
  readonly kafkaTopicPrefix: string;
  readonly kafkaPartitions: number;
  /** brokers and security under librdkafka's names; with secrets, never to be logged */
  readonly kafkaClientSettings: KafkaClientSettings;
  readonly database: Readonly<DatabaseTarget>;
  readonly workerThreads: number;
  /** records */
  readonly batchMaxSize: number;
  readonly batchMaxWaitMs: number;
  /** path of the module; undefined: the built-in processor */
  readonly processor: string | undefined;
  readonly processorTimeoutMs: number;
  readonly retry: Readonly<RetryPolicy>;
  /** failed replays of a dead letter */
  readonly replayLimit: number;
  /** above this share of dead letters the pipeline holds them back; 1: never */
  readonly deadLetterFloodShare: number;
  readonly breaker: { readonly failures: number; readonly openMs: number };
  /** requests in a window; 0: no limit */
  readonly rateLimitMax: number;
  readonly rateLimitWindowMs: number;
  /** may hold a password, never to be logged; undefined: each replica counts for itself */
  readonly redisUrl: string | undefined;
  /** 0: no shedding */
  readonly maxEventLoopDelayMs: number;
  /** every setting in force with its source, secrets masked */
  readonly settings: readonly Readonly<EffectiveSetting>[];
  /** what is probably not meant as it is, for the log */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks all settings and opens nothing.
 * @throws ServiceError `settings-invalid` with every fault in `errors`
 */
export function loadConfig(
  environment: NodeJS.ProcessEnv,
  overrides: { role?: string | undefined } = {},
): Config {
  const read = readSettings(environment, { ROLE: overrides.role });
  const faults = [...read.faults, ...brokenRules(read)];
  const database = databaseTarget(read.values);
  if (faults.length > 0 || 'problem' in database) throw invalid(faults);
  const config: Config = {
    ...fromSettings(read.values),
    database,
    kafkaClientSettings: kafkaClientSettings(read.values, environment),
    settings: effectiveSettings(read, environment),
    warnings: settingWarnings(read.values, environment),
  };
  deepFreeze(config);
  return config;
}

/** A rule about a setting that is wrong by itself is left out: its answer would mislead. */
function brokenRules({ values, sources, faults }: ReadSettings): Fault[] {
  const faulty = new Set(faults.map((fault) => fault.name));
  return RULES.filter((rule) => !rule.about.some((name) => faulty.has(name))).flatMap((rule) => {
    const problem = rule.problem(values);
    const [name] = rule.about;
    if (problem === undefined) return [];
    return [{ name, value: String(values[name]), source: sources.get(name) ?? 'default', problem }];
  });
}

function invalid(faults: Fault[]): ServiceError {
  const count = faults.length === 1 ? '1 setting does' : `${faults.length} settings do`;
  return new ServiceError('settings-invalid', `${count} not allow a start: correct what is listed.`, {
    errors: faults.map(toFieldError),
  });
}

function fromSettings(
  values: Settings,
): Omit<Config, 'database' | 'kafkaClientSettings' | 'settings' | 'warnings'> {
  return {
    role: values.ROLE,
    logLevel: values.LOG_LEVEL,
    dataDir: resolve(values.DATA_DIR),
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    host: values.HOST,
    port: values.PORT,
    grpcPort: values.GRPC_PORT,
    grpcTls:
      values.GRPC_TLS_CERT === ''
        ? undefined
        : { certPath: resolve(values.GRPC_TLS_CERT), keyPath: resolve(values.GRPC_TLS_KEY) },
    trustProxy: values.TRUST_PROXY === '' ? [] : values.TRUST_PROXY.split(','),
    eventLog: values.EVENT_LOG,
    ackTimeoutMs: values.ACK_TIMEOUT_MS,
    logMaxPending: values.LOG_MAX_PENDING,
    logRetentionMs: values.LOG_RETENTION_MS,
    kafkaGroupId: values.KAFKA_GROUP_ID,
    kafkaGroupInstanceId: values.KAFKA_GROUP_INSTANCE_ID === '' ? undefined : values.KAFKA_GROUP_INSTANCE_ID,
    kafkaTopicPrefix: values.KAFKA_TOPIC_PREFIX,
    kafkaPartitions: values.KAFKA_PARTITIONS,
    workerThreads: values.WORKER_THREADS,
    batchMaxSize: values.BATCH_MAX_SIZE,
    batchMaxWaitMs: values.BATCH_MAX_WAIT_MS,
    processor: values.PROCESSOR === '' ? undefined : resolve(values.PROCESSOR),
    processorTimeoutMs: values.PROCESSOR_TIMEOUT_MS,
    retry: {
      baseMs: values.RETRY_BASE_MS,
      factor: values.RETRY_FACTOR,
      capMs: values.RETRY_CAP_MS,
      maxAttempts: values.RETRY_MAX_ATTEMPTS,
      budgetMs: values.RETRY_BUDGET_MS,
    },
    replayLimit: values.REPLAY_LIMIT,
    deadLetterFloodShare: values.DEAD_LETTER_FLOOD_PERCENT / 100,
    breaker: { failures: values.BREAKER_FAILURES, openMs: values.BREAKER_OPEN_MS },
    rateLimitMax: values.RATE_LIMIT_MAX,
    rateLimitWindowMs: values.RATE_LIMIT_WINDOW_MS,
    redisUrl: values.REDIS_URL === '' ? undefined : values.REDIS_URL,
    maxEventLoopDelayMs: values.MAX_EVENT_LOOP_DELAY_MS,
  };
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(deepFreeze);
  Object.freeze(value);
}
