import { resolve } from 'node:path';
import { ServiceError } from "../errors.js";
import { parseDatabaseUrl } from "./database-target.js";
import { effectiveSettings } from "./effective-settings.js";
import { toFieldError } from "./fault.js";
import { kafkaClientSettings } from "./kafka-client-settings.js";
import { readSettings } from "./read-settings.js";
import { RULES } from "./rules.js";
import { settingWarnings } from "./warnings.js";
/**
 * Reads and checks all settings and opens nothing.
 * @throws ServiceError `settings-invalid` with every fault in `errors`
 */
export function loadConfig(environment, overrides = {}) {
    const read = readSettings(environment, { ROLE: overrides.role });
    const faults = [...read.faults, ...brokenRules(read)];
    const database = parseDatabaseUrl(read.values.DATABASE_URL);
    if (faults.length > 0 || 'problem' in database)
        throw invalid(faults);
    const config = {
        ...fromSettings(read.values),
        database: { ...database, path: resolve(database.path) },
        kafkaClientSettings: kafkaClientSettings(read.values, environment),
        settings: effectiveSettings(read, environment),
        warnings: settingWarnings(read.values, environment),
    };
    deepFreeze(config);
    return config;
}
/** A rule about a setting that is wrong by itself is left out: its answer would mislead. */
function brokenRules({ values, sources, faults }) {
    const faulty = new Set(faults.map((fault) => fault.name));
    return RULES.filter((rule) => !rule.about.some((name) => faulty.has(name))).flatMap((rule) => {
        const problem = rule.problem(values);
        const [name] = rule.about;
        if (problem === undefined)
            return [];
        return [{ name, value: String(values[name]), source: sources.get(name) ?? 'default', problem }];
    });
}
function invalid(faults) {
    const count = faults.length === 1 ? '1 setting does' : `${faults.length} settings do`;
    return new ServiceError('settings-invalid', `${count} not allow a start: correct what is listed.`, {
        errors: faults.map(toFieldError),
    });
}
function fromSettings(values) {
    return {
        role: values.ROLE,
        logLevel: values.LOG_LEVEL,
        dataDir: resolve(values.DATA_DIR),
        shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
        host: values.HOST,
        port: values.PORT,
        grpcPort: values.GRPC_PORT,
        grpcTls: values.GRPC_TLS_CERT === ''
            ? undefined
            : { certPath: resolve(values.GRPC_TLS_CERT), keyPath: resolve(values.GRPC_TLS_KEY) },
        trustProxy: values.TRUST_PROXY === '' ? [] : values.TRUST_PROXY.split(','),
        eventLog: values.EVENT_LOG,
        ackTimeoutMs: values.ACK_TIMEOUT_MS,
        logMaxPending: values.LOG_MAX_PENDING,
        logRetentionMs: values.LOG_RETENTION_MS,
        kafkaGroupId: values.KAFKA_GROUP_ID,
        kafkaTopicPrefix: values.KAFKA_TOPIC_PREFIX,
        kafkaPartitions: values.KAFKA_PARTITIONS,
        workerThreads: values.WORKER_THREADS,
        batchMaxSize: values.BATCH_MAX_SIZE,
        batchMaxWaitMs: values.BATCH_MAX_WAIT_MS,
        processor: values.PROCESSOR === '' ? undefined : resolve(values.PROCESSOR),
        rateLimitMax: values.RATE_LIMIT_MAX,
        rateLimitWindowMs: values.RATE_LIMIT_WINDOW_MS,
        maxEventLoopDelayMs: values.MAX_EVENT_LOOP_DELAY_MS,
    };
}
function deepFreeze(value) {
    if (typeof value !== 'object' || value === null)
        return;
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
}
//# sourceMappingURL=config.js.map