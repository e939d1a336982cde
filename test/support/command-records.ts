import { randomUUID } from 'node:crypto';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import type { Command } from '../../src/order/commands.ts';
import { createEventCodec } from '../../src/order/events.ts';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { orderTotal } from '../../src/order/order.ts';
import { anOrder } from './order-client.ts';

const codec = createEventCodec();

/** Command records of one partition with consecutive offsets. */
export class CommandRecords {
  readonly partition: number;
  #nextOffset: number;

  constructor(partition = 0, firstOffset = 0) {
    this.partition = partition;
    this.#nextOffset = firstOffset;
  }

  place(
    orderId: string = randomUUID(),
    changes: Parameters<typeof anOrder>[0] = {},
    traceparent?: string,
  ): LogRecord {
    const order = anOrder(changes);
    const eventId = randomUUID();
    const total = orderTotal(order.items);
    const envelope = { eventId, orderId, time: 1_000, traceparent };
    return this.command({ kind: 'place', ...envelope, order: { ...order, total } });
  }

  transition(orderId: string, to: RequestableStatus, actor: OrderAccess = ALL_ORDERS): LogRecord {
    return this.command({
      kind: 'transition',
      eventId: randomUUID(),
      orderId,
      time: 2_000,
      to,
      actor,
    });
  }

  command(command: Command): LogRecord {
    return this.raw(Buffer.from(command.orderId), codec.encodeCommand(command));
  }

  raw(key: Buffer | null, value: Buffer | null): LogRecord {
    const offset = this.#nextOffset++;
    return { partition: this.partition, offset, timestamp: 1_000, key, value };
  }
}
