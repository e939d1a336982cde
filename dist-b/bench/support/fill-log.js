import { EmbeddedEventLog } from "../../src/log/embedded/embedded-event-log.js";
import { TOPICS } from "../../src/log/event-log.js";
import { createEventCodec } from "../../src/order/events.js";
import { createOrderIds } from "../../src/order/ids.js";
import { orderTotal } from "../../src/order/order.js";
import { logOptions } from "./drain-task.js";
import { sampleOrder } from "./sample-order.js";
/** An embedded log in `folder` with so many orders placed and none processed. */
export async function fillLog(folder, orders) {
    const log = new EmbeddedEventLog(logOptions(folder));
    await log.start();
    const codec = createEventCodec();
    const newOrderId = createOrderIds();
    for (let from = 0; from < orders; from += 1_000) {
        const appends = Array.from({ length: Math.min(1_000, orders - from) }, (_, index) => {
            const order = sampleOrder(from + index);
            const id = newOrderId();
            const command = { kind: 'place', eventId: id, orderId: id, time: Date.now() };
            const value = codec.encodeCommand({ ...command, order: { ...order, total: orderTotal(order.items) } });
            return log.append({ topic: TOPICS.commands, key: id, value });
        });
        await Promise.all(appends);
    }
    await log.stop();
}
//# sourceMappingURL=fill-log.js.map