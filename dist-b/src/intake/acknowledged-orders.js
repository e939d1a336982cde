import { LRUCache } from 'lru-cache';
import { RecentPositions } from "./recent-positions.js";
/**
 * The orders that this process took of late, so that a reader without a position finds an order which is not yet
 * stored, and a repeated idempotency key finds the first. It is a shortcut and bounded; the log and the store are
 * the truth, and whoever misses here asks them.
 */
export class AcknowledgedOrders {
    #positions;
    #keyed;
    /** @param maxOrders a power of two */
    constructor(maxOrders) {
        this.#positions = new RecentPositions(maxOrders);
        this.#keyed = new LRUCache({ max: maxOrders });
    }
    add(orderId, position) {
        this.#positions.set(orderId, position);
    }
    position(orderId) {
        return this.#positions.get(orderId);
    }
    /** The first call of an id, under way or done; it is forgotten when it fails, so that a repeat tries anew. */
    keyed(orderId) {
        return this.#keyed.get(orderId);
    }
    addKeyed(orderId, first) {
        this.#keyed.set(orderId, first);
        first.catch(() => this.#keyed.delete(orderId));
    }
}
//# sourceMappingURL=acknowledged-orders.js.map