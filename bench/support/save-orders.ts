import { v7 as uuidV7 } from 'uuid';
import { decide, type DecidedCommand } from '../../src/order/decide.ts';
import { derivedOrderId } from '../../src/order/ids.ts';
import { orderTotal } from '../../src/order/order.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { sampleOrder } from './sample-order.ts';

const TOPIC = 'orders.commands';

const ORDERS_PER_MILLISECOND = 10;
const FIRST_MILLISECOND = Date.UTC(2026, 0, 1);

/** sample order's index → order id */
export type OrderIds = (index: number) => string;

/** Increases with the index, like the ids that an api replica creates. */
export function newId(index: number): string {
  const random = new Uint8Array(16);
  new DataView(random.buffer).setUint32(12, index);
  return uuidV7({ msecs: timeOf(index), seq: index % ORDERS_PER_MILLISECOND, random });
}

/** Derived from an Idempotency-Key that increases with the index, a UUIDv7. */
export function idFromTimedKey(index: number): string {
  return derivedOrderId('sample', newId(index));
}

/** Derived from an Idempotency-Key without a time: ids in random order. */
export function idFromRandomKey(index: number): string {
  return derivedOrderId('sample', String(index));
}

/** Saves the sample orders from one index to another (exclusive) in batches, as a writing thread does. */
export async function saveOrders(
  store: BatchStore,
  { ids, from, to, batch }: { ids: OrderIds; from: number; to: number; batch: number },
): Promise<void> {
  for (let first = from; first < to; first += batch)
    await saveBatch(store, ids, first, Math.min(to, first + batch));
}

async function saveBatch(store: BatchStore, ids: OrderIds, from: number, to: number): Promise<void> {
  const commands = Array.from({ length: to - from }, (_, offset) => placed(from + offset, ids));
  const orderIds = commands.map(({ command }) => command.orderId);
  const present = await store.load(TOPIC, [0], orderIds);
  await store.save({
    topic: TOPIC,
    decision: decide(present.orders, present.progress, commands, timeOf(to)),
    deadLetters: [],
    resolved: [],
    retryChanges: noRetryChanges(),
    loadedProgress: present.progress,
    nextProgress: new Map([[0, to]]),
  });
}

function placed(index: number, ids: OrderIds): DecidedCommand {
  const order = sampleOrder(index);
  const orderId = ids(index);
  const command = {
    kind: 'place',
    orderId,
    eventId: orderId,
    time: timeOf(index),
    order: { ...order, total: orderTotal(order.items) },
  } as const;
  return {
    position: { partition: 0, offset: index },
    command,
    outcome: { status: 'confirmed', reason: null },
  };
}

function timeOf(index: number): number {
  return FIRST_MILLISECOND + Math.floor(index / ORDERS_PER_MILLISECOND);
}
