import { randomUUID } from 'node:crypto';
import { ServiceError } from "../base/errors.js";
import { TOPICS } from "../log/event-log.js";
import { refuse } from "../order/decide.js";
/**
 * Takes wishes to move an order on. What is stored refuses the hopeless ones early; an order that is still
 * `accepted` takes any wish, which the pipeline decides in its turn.
 */
export class TransitionRequesting {
    #with;
    constructor(dependencies) {
        this.#with = dependencies;
    }
    /**
     * @throws ServiceError `order-not-found`, `transition-not-allowed`, `version-mismatch`, or what `EventLog.append`
     *   throws
     */
    async request(orderId, wish, options = {}) {
        const { log, reading, codec, clock } = this.#with;
        const { id, status, version } = await reading.read(orderId, options.position);
        if (status !== 'accepted')
            throwIfRefused(id, status, version, wish);
        const value = codec.encodeCommand({
            kind: 'transition',
            eventId: randomUUID(),
            orderId,
            time: clock(),
            traceparent: options.traceparent,
            ...wish,
        });
        const position = await log.append({ topic: TOPICS.commands, key: orderId, value });
        return { id, status, version, requested: wish.to, position };
    }
}
function throwIfRefused(id, status, version, wish) {
    const refusal = refuse({ status, version }, wish);
    if (refusal === undefined)
        return;
    const detail = refusal === 'version-mismatch'
        ? `Order ${id} has version ${version}, not ${wish.expectedVersion ?? 'the expected one'}. Read it again and decide anew.`
        : `Order ${id} is ${status} and cannot become ${wish.to} from there.`;
    throw new ServiceError(refusal, detail);
}
//# sourceMappingURL=request-transition.js.map