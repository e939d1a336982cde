import { v7 as uuidV7 } from 'uuid';
import { decide, type DecidedCommand } from '../../src/order/decide.ts';
import { derivedOrderId } from '../../src/order/ids.ts';
import { orderTotal } from '../../src/order/order.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { sampleOrder } from './sample-order.ts';

const TOPIC = 'orders.commands';

/** Orders a millisecond: those of one moment share it. */
const ORDERS_A_MILLISECOND = 10;
const FIRST_MOMENT = Date.UTC(2026, 0, 1);

/** The id of the sample order of an index. */
export type OrderIds = (index: number) => string;

/** Rising with the index, as those of an api replica do. */
export function freshId(index: number): string {
  const random = new Uint8Array(16);
  new DataView(random.buffer).setUint32(12, index);
  return uuidV7({ msecs: momentOf(index), seq: index % ORDERS_A_MILLISECOND, random });
}

/** With an Idempotency-Key that rises with the index: a UUIDv7. */
export function idOfTimedKey(index: number): string {
  return derivedOrderId('sample', freshId(index));
}

/** With a key that tells nothing of a time: the id lies anywhere among the others. */
export function idOfRandomKey(index: number): string {
  return derivedOrderId('sample', String(index));
}

/** Saves the sample orders from one index up to another (exclusive), in batches, as a writing thread does it. */
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
    decision: decide(present.orders, present.progress, commands, momentOf(to)),
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
    time: momentOf(index),
    order: { ...order, total: orderTotal(order.items) },
  } as const;
  return {
    position: { partition: 0, offset: index },
    command,
    outcome: { status: 'confirmed', reason: null },
  };
}

function momentOf(index: number): number {
  return FIRST_MOMENT + Math.floor(index / ORDERS_A_MILLISECOND);
}
