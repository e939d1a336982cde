import { pino } from 'pino';
import { createMetrics } from "../../src/base/metrics.js";
import { createHttpApp } from "../../src/http/http-app.js";
import { startSmallService } from "../support/small-service.js";
export async function startHttp(t, changes = {}) {
    const { limits, beforeAppend, ...dependencies } = changes;
    const service = await startSmallService(t);
    const appended = [];
    const { intake, hub } = service.replica(watchedLog(service.log, appended, beforeAppend));
    const metrics = createMetrics();
    const logged = [];
    const app = await createHttpApp({
        intake,
        readiness: () => Promise.resolve({ ready: true, checks: { log: 'ok', store: 'ok' } }),
        isDraining: () => false,
        pendingAppends: () => service.log.pendingAppends(),
        metrics,
        logger: pino({ level: 'debug' }, { write: (line) => logged.push(asObject(JSON.parse(line))) }),
        version: '1.2.3',
        ...dependencies,
        limits: {
            rateLimitMax: 0,
            rateLimitWindowMs: 1000,
            maxEventLoopDelayMs: 0,
            trustProxy: '',
            requestTimeoutMs: 10_000,
            ...limits,
        },
    });
    t.teardown(() => app.close());
    return {
        app,
        service,
        intake,
        hub,
        metrics,
        appended,
        logged,
        process: () => service.processAll([hub]),
    };
}
function watchedLog(log, appended, beforeAppend) {
    return {
        start: () => log.start(),
        stop: () => log.stop(),
        append: async (record) => {
            beforeAppend?.();
            appended.push(record);
            return log.append(record);
        },
        consumer: (topic, handlers) => log.consumer(topic, handlers),
        follow: (topic, onRecords) => log.follow(topic, onRecords),
        find: async (topic, key) => log.find?.(topic, key),
        fault: () => log.fault(),
        pendingAppends: () => log.pendingAppends(),
    };
}
export function asObject(value) {
    if (typeof value === 'object' && value !== null)
        return value;
    throw new TypeError(`${JSON.stringify(value)} is not an object`);
}
//# sourceMappingURL=http-under-test.js.map