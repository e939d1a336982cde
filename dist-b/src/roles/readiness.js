import { toError } from "../base/errors.js";
import { TOPICS } from "../log/event-log.js";
/** Asks the dependencies; an answer is a matter of a look, never of waiting. */
export async function checkReadiness(parts) {
    const { log, reader, pipeline, isDraining } = parts;
    const checks = {
        service: isDraining ? 'draining' : 'ok',
        eventLog: log.fault() ?? 'ok',
        store: await reader.progress(TOPICS.commands, 0).then(() => 'ok', (error) => toError(error).message),
    };
    if (pipeline !== undefined)
        checks.pipeline = pipeline.fault() ?? 'ok';
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
//# sourceMappingURL=readiness.js.map