import underPressure from '@fastify/under-pressure';
import { ServiceError } from "../base/errors.js";
/** How often the delay is measured, milliseconds: so long a burst is let through. */
const SAMPLE_INTERVAL_MS = 500;
/** Refuses early, before a body is read, while the event loop is later than `maxEventLoopDelayMs`. */
export async function shedLoad(scope, maxEventLoopDelayMs) {
    await scope.register(underPressure, {
        maxEventLoopDelay: maxEventLoopDelayMs,
        sampleInterval: SAMPLE_INTERVAL_MS,
        retryAfter: 1,
        customError: OverloadedError,
    });
}
class OverloadedError extends ServiceError {
    constructor() {
        super('overloaded', 'The service is behind with its work. Try again in a moment.', { retryAfter: 1 });
    }
}
//# sourceMappingURL=load-shedding.js.map