import { hasCode } from "../base/errors.js";
/**
 * Fans status changes out to whoever watches an order in this process. An event that nobody watches costs one look-up
 * and is not even decoded.
 */
export class StatusHub {
    #codec;
    #maxWatchers;
    #logger;
    #watchers = new Map();
    #watcherCount = 0;
    /** `maxWatchers`: how many listeners there may be at once; over that `watch` answers undefined. */
    constructor(options) {
        this.#codec = options.codec;
        this.#maxWatchers = options.maxWatchers;
        this.#logger = options.logger;
    }
    get watcherCount() {
        return this.#watcherCount;
    }
    /**
     * Calls the listener with every change of the order from now on, until the returned function is called. Whoever
     * needs the present state too watches first, reads then, and drops the versions it has.
     */
    watch(orderId, listener) {
        if (this.#watcherCount >= this.#maxWatchers)
            return undefined;
        const listeners = this.#watchers.get(orderId) ?? new Set();
        this.#watchers.set(orderId, listeners.add(listener));
        this.#watcherCount += 1;
        return () => {
            if (!listeners.delete(listener))
                return;
            this.#watcherCount -= 1;
            if (listeners.size === 0)
                this.#watchers.delete(orderId);
        };
    }
    publish(records) {
        if (this.#watchers.size === 0)
            return;
        for (const { key, value } of records) {
            const listeners = key === null ? undefined : this.#watchers.get(key.toString());
            if (listeners === undefined)
                continue;
            const change = this.#decode(value);
            if (change !== undefined)
                for (const listener of [...listeners])
                    listener(change);
        }
    }
    /** A record of somebody else's in our topic is nobody's change; it must not stop the others. */
    #decode(value) {
        try {
            return this.#codec.decodeStatusChange(value);
        }
        catch (error) {
            if (!hasCode(error, 'record-undecodable'))
                throw error;
            this.#logger.warn({ err: error }, 'a record of orders.status is not a status event');
            return undefined;
        }
    }
}
//# sourceMappingURL=status-hub.js.map