var __rewriteRelativeImportExtension = (this && this.__rewriteRelativeImportExtension) || function (path, preserveJsx) {
    if (typeof path === "string" && /^\.\.?\//.test(path)) {
        return path.replace(/\.(tsx)$|((?:\.d)?)((?:\.[^./]+?)?)\.([cm]?)ts$/i, function (m, tsx, d, ext, cm) {
            return tsx ? preserveJsx ? ".jsx" : ".js" : d && (!ext || !cm) ? m : (d + ext + "." + cm.toLowerCase() + "js");
        });
    }
    return path;
};
import { pathToFileURL } from 'node:url';
import pMap from 'p-map';
import { ServiceError, toError } from "../base/errors.js";
export class TransientError extends Error {
    transient = true;
}
/** How many orders of a batch a processor module works on at once. */
const PROCESSOR_CONCURRENCY = 64;
const MAX_REASON_LENGTH = 500;
/**
 * The judge that a `PROCESSOR` module makes; without one every order is confirmed.
 * @throws ServiceError `processor-invalid` when the module cannot be loaded or exports no `process` function
 */
export async function loadJudge(path) {
    if (path === undefined)
        return confirmEvery;
    const processor = await loadProcessor(path);
    return async (commands) => {
        const verdicts = await pMap(commands, async (command) => [command.orderId, await verdictOf(processor, command)], { concurrency: PROCESSOR_CONCURRENCY });
        return new Map(verdicts);
    };
}
const CONFIRMED = { status: 'confirmed', reason: null };
function confirmEvery(commands) {
    const verdicts = new Map();
    for (const { orderId } of commands)
        verdicts.set(orderId, CONFIRMED);
    return Promise.resolve(verdicts);
}
async function loadProcessor(path) {
    let module;
    try {
        module = await import(__rewriteRelativeImportExtension(pathToFileURL(path).href));
    }
    catch (error) {
        throw new ServiceError('processor-invalid', `${path} cannot be loaded: ${toError(error).message}.`, {
            cause: error,
        });
    }
    if (isProcessor(module))
        return module;
    throw new ServiceError('processor-invalid', `${path} must export a function named process.`);
}
/** Asks for the verdict on one order. A permanent failure is a verdict too: `failed`. */
async function verdictOf(processor, command) {
    const order = { ...command.order, id: command.orderId, createdAt: command.time };
    try {
        const answer = await processor.process(order, { TransientError });
        return checkedVerdict(answer);
    }
    catch (thrown) {
        const error = toError(thrown);
        if ('transient' in error && error.transient === true) {
            throw new ServiceError('processor-transient', `Order ${order.id}: ${error.message}`, { cause: thrown });
        }
        return { status: 'failed', reason: error.message.slice(0, MAX_REASON_LENGTH) };
    }
}
function checkedVerdict(answer) {
    const { status, reason } = (answer ?? {});
    if (status !== 'confirmed' && status !== 'rejected') {
        throw new ServiceError('processor-failed', `The processor answered with status ${JSON.stringify(status)}, which is neither confirmed nor rejected.`);
    }
    return { status, reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : null };
}
function isProcessor(module) {
    return (typeof module === 'object' &&
        module !== null &&
        'process' in module &&
        typeof module.process === 'function');
}
//# sourceMappingURL=processor.js.map