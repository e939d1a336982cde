import { ServiceError } from "../base/errors.js";
import { TOPICS } from "../log/event-log.js";
/** Reads orders so that whoever placed one always finds it: an acknowledged order is never "not found". */
export class OrderReading {
    #reader;
    #log;
    #acknowledged;
    constructor(dependencies) {
        this.#reader = dependencies.reader;
        this.#log = dependencies.log;
        this.#acknowledged = dependencies.acknowledged;
    }
    /**
     * @param position where the order stands in the log, as its `Location` said; needed on another replica only
     * @throws ServiceError `order-not-found`
     */
    async read(orderId, position) {
        const stored = await this.#reader.find(orderId);
        if (stored !== undefined)
            return stored;
        const at = this.#acknowledged.position(orderId) ?? position ?? (await this.#log.find?.(TOPICS.commands, orderId));
        if (at !== undefined && !(await this.#isApplied(at)))
            return { id: orderId, status: 'accepted', version: 0 };
        // Between the first look and the look at the progress the order may have been saved.
        const savedMeanwhile = at === undefined ? undefined : await this.#reader.find(orderId);
        if (savedMeanwhile !== undefined)
            return savedMeanwhile;
        throw new ServiceError('order-not-found', `No order ${orderId} was taken by this service.`);
    }
    async #isApplied({ partition, offset }) {
        const next = await this.#reader.progress(TOPICS.commands, partition);
        return next !== undefined && next > offset;
    }
}
//# sourceMappingURL=read-order.js.map