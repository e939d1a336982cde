import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { systemClock } from "../base/clock.js";
import { ServiceError, toError } from "../base/errors.js";
import { createEventCodec } from "../order/events.js";
import { openBatchStore } from "../store/open-store.js";
import { processBatch } from "./process-batch.js";
import { loadJudge } from "./processor.js";
/**
 * The entry of a worker thread: it has a store connection and a processor of its own, and never touches the event
 * log. What it could not open is answered to every request: a thread that threw here would only be started again.
 */
const opening = open(workerData).catch((error) => toError(error));
export default async function handle(request) {
    try {
        const dependencies = await opening;
        if (dependencies instanceof Error)
            throw dependencies;
        if (request.kind === 'prepare')
            return { done: true, result: undefined };
        return transferred(await processBatch(request, dependencies));
    }
    catch (error) {
        return failure(error);
    }
}
async function open(settings) {
    const judge = await loadJudge(settings.processor);
    const store = await openBatchStore(settings.store, settings.writeTurn);
    return { store, judge, codec: createEventCodec(), clock: systemClock };
}
/** Hands the memory of the statuses over instead of copying it. */
function transferred(result) {
    const response = { done: true, result };
    return move({ [transferableSymbol]: result.statuses, [valueSymbol]: response });
}
function failure(thrown) {
    const { message, stack } = toError(thrown);
    const code = thrown instanceof ServiceError ? thrown.code : 'internal';
    return { done: false, code, message, stack };
}
//# sourceMappingURL=thread.js.map