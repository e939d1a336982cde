import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { createOrderIds } from '../../src/order/ids.ts';
import { orderTotal } from '../../src/order/order.ts';
import { logOptions } from './drain-task.ts';
import { sampleOrder } from './sample-order.ts';

/** Creates an embedded log with placed orders, none of them processed. */
export async function fillLog(folder: string, orders: number): Promise<void> {
  const log = new EmbeddedEventLog(logOptions(folder));
  await log.start();
  const codec = createEventCodec();
  const newOrderId = createOrderIds();
  for (let from = 0; from < orders; from += 1_000) {
    const appends = Array.from({ length: Math.min(1_000, orders - from) }, (_, index) => {
      const order = sampleOrder(from + index);
      const id = newOrderId();
      const command = { kind: 'place', eventId: id, orderId: id, time: Date.now() } as const;
      const value = codec.encodeCommand({ ...command, order: { ...order, total: orderTotal(order.items) } });
      return log.append({ topic: TOPICS.commands, key: id, value });
    });
    await Promise.all(appends);
  }
  await log.stop();
}
