import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { RetryPolicy } from '../base/backoff.ts';
import { ServiceError } from '../base/errors.ts';
import { databaseTarget, type DatabaseTarget } from './database-target.ts';
import { effectiveSettings, type EffectiveSetting } from './effective-settings.ts';
import { authConfig, type AuthConfig } from './identity-config.ts';
import { EXPOSURE_RULE } from './identity-rules.ts';
import { kafkaClientSettings, type KafkaClientSettings } from './kafka-client-settings.ts';
import { processorEnvironment } from './processor-environment.ts';
import { readSettings, type ReadSettings } from './read-settings.ts';
import { PROCESSES_RULES } from './processes-rules.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { readSecret } from './secret-file.ts';
import { toFieldError, type SettingError } from './setting-error.ts';
import type { Settings } from './settings.ts';
import { tracingConfig, type TracingConfig } from './tracing-config.ts';
import { settingWarnings } from './warnings.ts';

export type Role = Settings['ROLE'];

/** The validated settings, frozen. Paths are absolute, `…Ms` are milliseconds. */
export interface Config {
  readonly role: Role;
  /** that share the ports; 1 unless the role is api */
  readonly apiProcesses: number;
  readonly logLevel: Settings['LOG_LEVEL'];
  readonly dataDir: string;
  readonly shutdownTimeoutMs: number;
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
  /** 0: any free port */
  readonly grpcPort: number;
  /** the port for operators, which asks for no credentials; undefined: none */
  readonly adminPort: number | undefined;
  /** whether /docs, /openapi.json and gRPC reflection are served */
  readonly documentation: boolean;
  /** undefined: authentication is off, and everyone may do everything */
  readonly auth: AuthConfig | undefined;
  /** whether other machines are served while authentication is off */
  readonly allowAnonymous: boolean;
  /** undefined: gRPC without TLS */
  readonly grpcTls: { readonly certPath: string; readonly keyPath: string } | undefined;
  /** addresses and networks; empty: X-Forwarded-For is ignored */
  readonly trustProxy: readonly string[];
  /** names and addresses, besides its own, under which the service answers; without port */
  readonly allowedHosts: readonly string[];
  /** whose pages may use the API; empty: only the service's own */
  readonly corsOrigins: readonly string[];
  readonly eventLog: Settings['EVENT_LOG'];
  readonly ackTimeoutMs: number;
  /** records */
  readonly logMaxPending: number;
  readonly logRetentionMs: number;
  readonly kafkaGroupId: string;
  /** undefined: dynamic membership, the group assigns a name */
  readonly kafkaGroupInstanceId: string | undefined;
  readonly kafkaTopicPrefix: string;
  readonly kafkaPartitions: number;
  /** brokers and security under librdkafka's names; contains secrets, never log it */
  readonly kafkaClientSettings: KafkaClientSettings;
  readonly database: Readonly<DatabaseTarget>;
  /** milliseconds that closed orders are kept; undefined: for ever */
  readonly orderRetentionMs: number | undefined;
  readonly workerThreads: number;
  /** records */
  readonly batchMaxSize: number;
  readonly batchMaxWaitMs: number;
  /** path of the module; undefined: the built-in processor */
  readonly processor: string | undefined;
  /** the variables that the module sees; may be secrets, never log them */
  readonly processorEnvironment: Readonly<Record<string, string>>;
  readonly processorTimeoutMs: number;
  readonly processorPatienceMs: number;
  readonly retry: Readonly<RetryPolicy>;
  /** failed replays of a dead letter */
  readonly replayLimit: number;
  /** above this share of dead letters the pipeline stops saving them; 1: never */
  readonly deadLetterFloodShare: number;
  readonly breaker: { readonly failures: number; readonly openMs: number };
  /** requests in a window; 0: no limit */
  readonly rateLimitMax: number;
  readonly rateLimitWindowMs: number;
  readonly maxWatchesPerCaller: number;
  /** may contain a password, never log it; undefined: each replica counts for itself */
  readonly redisUrl: string | undefined;
  /** of one address, each for HTTP and gRPC; 0: no limit */
  readonly maxConnectionsPerAddress: number;
  /** of one caller, gRPC; 0: no limit */
  readonly maxStreamsPerSecond: number;
  /** 0: no shedding */
  readonly maxEventLoopDelayMs: number;
  /** undefined: tracing is off */
  readonly tracing: TracingConfig | undefined;
  /** every setting with its source, secrets masked */
  readonly settings: readonly Readonly<EffectiveSetting>[];
  /** likely mistakes, to be logged */
  readonly warnings: readonly string[];
}

const DAY_MS = 86_400_000;

export interface LoadOptions {
  /** overrides ROLE */
  role?: string | undefined;
  /** false for a command that listens on no address, whatever HOST is; true if undefined */
  listens?: boolean;
}

/**
 * Reads and checks all settings and opens nothing.
 * @throws ServiceError `settings-invalid` with one entry in `errors` for each bad setting
 */
export function loadConfig(
  environment: NodeJS.ProcessEnv,
  { role, listens = true }: LoadOptions = {},
): Config {
  const read = readSettings(environment, { ROLE: role });
  const rules = listens ? [...RULES, EXPOSURE_RULE, ...PROCESSES_RULES] : RULES;
  const errors = [...read.errors, ...brokenRules(rules, read)];
  const database = databaseTarget(read.values, () => databasePassword(read.values, environment));
  if (errors.length > 0 || 'problem' in database) throw invalid(errors);
  const config: Config = {
    ...fromSettings(read.values),
    database,
    kafkaClientSettings: kafkaClientSettings(read.values, environment),
    processorEnvironment: processorEnvironment(environment),
    settings: effectiveSettings(read, environment),
    warnings: settingWarnings(read.values, environment),
  };
  deepFreeze(config);
  return config;
}

function databasePassword(
  { DATABASE_PASSWORD_FILE: file }: Settings,
  environment: NodeJS.ProcessEnv,
): string {
  if (file === '') return environment.PGPASSWORD ?? '';
  const read = readSecret(file);
  // A problem is one of the errors already.
  return 'problem' in read ? '' : read.secret;
}

/** Skips rules about a setting that is already invalid: they would check its default. */
function brokenRules(rules: readonly Rule[], { values, sources, errors }: ReadSettings): SettingError[] {
  const invalidNames = new Set(errors.map(({ name }) => name));
  return rules
    .filter((rule) => !rule.about.some((name) => invalidNames.has(name)))
    .flatMap((rule) => {
      const problem = rule.problem(values);
      const [name] = rule.about;
      if (problem === undefined) return [];
      return [{ name, value: String(values[name]), source: sources.get(name) ?? 'default', problem }];
    });
}

function invalid(errors: SettingError[]): ServiceError {
  const count = errors.length === 1 ? '1 setting is' : `${errors.length} settings are`;
  return new ServiceError('settings-invalid', `${count} invalid: correct what is listed and start again.`, {
    errors: errors.map(toFieldError),
  });
}

function fromSettings(
  values: Settings,
): Omit<Config, 'database' | 'kafkaClientSettings' | 'processorEnvironment' | 'settings' | 'warnings'> {
  return {
    role: values.ROLE,
    apiProcesses: processesOf(values),
    logLevel: values.LOG_LEVEL,
    dataDir: resolve(values.DATA_DIR),
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    host: values.HOST,
    port: values.PORT,
    grpcPort: values.GRPC_PORT,
    adminPort: values.ADMIN_PORT === 0 ? undefined : values.ADMIN_PORT,
    documentation: values.DOCUMENTATION === 'true',
    auth: authConfig(values),
    allowAnonymous: values.ALLOW_ANONYMOUS === 'true',
    grpcTls:
      values.GRPC_TLS_CERT === ''
        ? undefined
        : { certPath: resolve(values.GRPC_TLS_CERT), keyPath: resolve(values.GRPC_TLS_KEY) },
    trustProxy: listOf(values.TRUST_PROXY),
    allowedHosts: listOf(values.ALLOWED_HOSTS),
    corsOrigins: listOf(values.CORS_ORIGINS),
    eventLog: values.EVENT_LOG,
    ackTimeoutMs: values.ACK_TIMEOUT_MS,
    logMaxPending: values.LOG_MAX_PENDING,
    logRetentionMs: values.LOG_RETENTION_MS,
    kafkaGroupId: values.KAFKA_GROUP_ID,
    kafkaGroupInstanceId: values.KAFKA_GROUP_INSTANCE_ID === '' ? undefined : values.KAFKA_GROUP_INSTANCE_ID,
    kafkaTopicPrefix: values.KAFKA_TOPIC_PREFIX,
    kafkaPartitions: values.KAFKA_PARTITIONS,
    orderRetentionMs: values.ORDER_RETENTION_DAYS === 0 ? undefined : values.ORDER_RETENTION_DAYS * DAY_MS,
    workerThreads: values.WORKER_THREADS,
    batchMaxSize: values.BATCH_MAX_SIZE,
    batchMaxWaitMs: values.BATCH_MAX_WAIT_MS,
    processor: values.PROCESSOR === '' ? undefined : resolve(values.PROCESSOR),
    processorTimeoutMs: values.PROCESSOR_TIMEOUT_MS,
    processorPatienceMs: values.PROCESSOR_PATIENCE_MS,
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
    maxWatchesPerCaller: values.MAX_WATCHES_PER_CALLER,
    redisUrl: values.REDIS_URL === '' ? undefined : values.REDIS_URL,
    maxConnectionsPerAddress: values.MAX_CONNECTIONS_PER_ADDRESS,
    maxStreamsPerSecond: values.MAX_STREAMS_PER_SECOND,
    maxEventLoopDelayMs: values.MAX_EVENT_LOOP_DELAY_MS,
    tracing: tracingConfig(values),
  };
}

function processesOf({ API_PROCESSES }: Settings): number {
  return API_PROCESSES === 'auto' ? Math.min(128, availableParallelism()) : Number(API_PROCESSES);
}

function listOf(value: string): string[] {
  return value === '' ? [] : value.split(',');
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).forEach(deepFreeze);
  Object.freeze(value);
}
