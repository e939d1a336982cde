import { ALL_ORDERS } from '../../src/order/access.ts';
import { decide, type DecidedCommand } from '../../src/order/decide.ts';
import { orderTotal } from '../../src/order/order.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { sampleOrder } from './sample-order.ts';
import { newId } from './save-orders.ts';

/** Not the topic of the service, so that the progress is another. */
const TOPIC = 'bench';

/** Orders of a batch. */
const BATCH = 2_500;

/** Every so many orders one is open, and one is closed but recent: both must stay. */
const KEPT_EVERY = 20;

export interface Filled {
  /** to be deleted */
  old: number;
  /** to be kept */
  kept: number;
}

/**
 * Stores old closed orders with two changes each, and among them some that must stay.
 * @param oldAt when the old orders changed last, milliseconds since the epoch
 */
export async function fillWithClosedOrders(
  store: BatchStore,
  { orders, oldAt, onProgress }: { orders: number; oldAt: number; onProgress: (done: number) => void },
): Promise<Filled> {
  const filled = { old: 0, kept: 0 };
  let progress: number | undefined;
  for (let from = 0; filled.old < orders; from += BATCH) {
    const [old, recent]: DecidedCommand[][] = [[], []];
    for (let index = from; index < from + BATCH && filled.old < orders; index += 1) {
      const isRecent = index % KEPT_EVERY === 1;
      const isOpen = index % KEPT_EVERY === 0;
      (isRecent ? recent : old)?.push(...commandsOf(index, isRecent ? Date.now() : oldAt, isOpen));
      filled[isRecent || isOpen ? 'kept' : 'old'] += 1;
    }
    for (const [commands, now] of [
      [old ?? [], oldAt],
      [recent ?? [], Date.now()],
    ] as const) {
      progress = await save(store, commands, now, progress);
    }
    onProgress(filled.old);
  }
  return filled;
}

function commandsOf(index: number, time: number, isOpen: boolean): DecidedCommand[] {
  const order = sampleOrder(index);
  const orderId = newId(index);
  const position = { partition: 0, offset: 2 * index };
  const ids = { orderId, eventId: orderId, time };
  const placed: DecidedCommand = {
    position,
    command: { kind: 'place', ...ids, order: { ...order, total: orderTotal(order.items) } },
    outcome: { status: 'confirmed', reason: null },
  };
  if (isOpen) return [placed];
  const command = { kind: 'transition', ...ids, to: 'cancelled', actor: ALL_ORDERS } as const;
  return [placed, { position: { ...position, offset: position.offset + 1 }, command }];
}

/** @param loaded the progress so far @returns the next one */
async function save(
  store: BatchStore,
  commands: readonly DecidedCommand[],
  now: number,
  loaded: number | undefined,
): Promise<number | undefined> {
  const last = commands.at(-1)?.position.offset;
  if (last === undefined) return loaded;
  const next = Math.max(loaded ?? 0, last + 1);
  await store.save({
    topic: TOPIC,
    decision: decide(new Map(), new Map(), commands, now),
    deadLetters: [],
    resolved: [],
    retryChanges: noRetryChanges(),
    loadedProgress: new Map(loaded === undefined ? [] : [[0, loaded]]),
    nextProgress: new Map([[0, next]]),
  });
  return next;
}
