import { watchFirstChange } from "../status/first-change.js";
/** Lets a caller wait until an order is processed (RFC 7240, `Prefer: wait`), told by its first status change. */
export class OrderAwaiting {
    #hub;
    #reader;
    constructor(dependencies) {
        this.#hub = dependencies.hub;
        this.#reader = dependencies.reader;
    }
    /**
     * The processed order, or undefined when it was not done within `timeoutMs`, there are too many waiters, or the
     * signal was aborted.
     */
    async processed(orderId, timeoutMs, signal) {
        const change = watchFirstChange(this.#hub, orderId);
        const giveUp = () => change.cancel();
        signal?.addEventListener('abort', giveUp, { once: true });
        try {
            // The order may have been processed before the watch began.
            const stored = await this.#reader.find(orderId);
            if (stored !== undefined)
                return stored;
            await change.within(signal?.aborted === true ? 0 : timeoutMs);
            return await this.#reader.find(orderId);
        }
        finally {
            signal?.removeEventListener('abort', giveUp);
            change.cancel();
        }
    }
}
//# sourceMappingURL=await-order.js.map