import { createHttpApp } from "../http/http-app.js";
import { startApi } from "./api.js";
import { Lifecycle } from "./lifecycle.js";
import { checkReadiness } from "./readiness.js";
import { startShared } from "./shared.js";
import { startWorker } from "./worker.js";
/** A body of 64 KiB, or a batch of 4 MiB, that takes longer is sent by somebody slow on purpose. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Opens the parts of the role in the order in which they need each other; they are closed in reverse. */
export async function startService(config, logger, version) {
    const lifecycle = new Lifecycle(logger);
    try {
        return await open(await startShared(config, logger, lifecycle), version);
    }
    catch (error) {
        await lifecycle.close();
        throw error;
    }
}
async function open(shared, version) {
    const { config, logger, lifecycle, log, reader, metrics } = shared;
    const pipeline = config.role === 'api' ? undefined : await startWorker(shared);
    const intake = config.role === 'worker' ? undefined : await startApi(shared);
    let isDraining = false;
    const http = await createHttpApp({
        intake,
        readiness: () => checkReadiness({ log, reader, pipeline, isDraining }),
        isDraining: () => isDraining,
        pendingAppends: () => log.pendingAppends(),
        metrics,
        logger,
        limits: {
            rateLimitMax: config.rateLimitMax,
            rateLimitWindowMs: config.rateLimitWindowMs,
            maxEventLoopDelayMs: config.maxEventLoopDelayMs,
            trustProxy: config.trustProxy.join(','),
            requestTimeoutMs: REQUEST_TIMEOUT_MS,
        },
        version,
    });
    lifecycle.opened('http', () => http.close());
    await http.listen({ host: config.host, port: config.port });
    return {
        addresses: { http: urlOf(http.server.address()) },
        failed: pipeline?.failed ?? new Promise(() => undefined),
        async stop() {
            isDraining = true;
            await lifecycle.close();
        },
    };
}
function urlOf(address) {
    if (address === null || typeof address === 'string')
        return address ?? '';
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
}
//# sourceMappingURL=service.js.map