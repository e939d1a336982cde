import { randomUUID } from 'node:crypto';
import { createEventCodec } from "../../src/order/events.js";
import { orderTotal } from "../../src/order/order.js";
import { anOrder } from "./order-client.js";
const codec = createEventCodec();
/** Command records as they stand in one partition, one offset after the other. */
export class CommandRecords {
    partition;
    #nextOffset;
    constructor(partition = 0, firstOffset = 0) {
        this.partition = partition;
        this.#nextOffset = firstOffset;
    }
    place(orderId = randomUUID(), changes = {}) {
        const order = anOrder(changes);
        const eventId = randomUUID();
        const total = orderTotal(order.items);
        return this.command({ kind: 'place', eventId, orderId, time: 1_000, order: { ...order, total } });
    }
    transition(orderId, to) {
        return this.command({ kind: 'transition', eventId: randomUUID(), orderId, time: 2_000, to });
    }
    command(command) {
        return this.raw(Buffer.from(command.orderId), codec.encodeCommand(command));
    }
    raw(key, value) {
        const offset = this.#nextOffset++;
        return { partition: this.partition, offset, timestamp: 1_000, key, value };
    }
}
//# sourceMappingURL=command-records.js.map