import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../base/clock.ts';
import type { CustomerData, ErasureCounts, ErasureStore } from '../../store/erasure-store.ts';
import type { LogErasure } from './erase-log.ts';

export type OnProgress = (done: number, total: number) => void;

/** How the command reaches the event log. */
export interface LogAccess {
  /** records that are not processed yet; any of them may be of the customer */
  unprocessed(): Promise<number>;
  /** @returns how many records had personal data; undefined for a log that cannot be changed */
  erase(erasure: LogErasure, onProgress: OnProgress): Promise<number | undefined>;
  close(): Promise<void>;
}

/** How many ids of orders fit into one request to a running service. */
const ORDERS_OF_REQUEST = 10_000;

export interface EraseOptions {
  store: ErasureStore;
  log: LogAccess;
  customerId: string;
  /** who asks for it */
  by: string;
  /** what the store has at first */
  data: CustomerData;
  /** whether to rewrite the files, so that no old bytes stay */
  rewrite: boolean;
  /** the name of a step, and how far it is; both numbers are 0 if that is unknown */
  onProgress: (step: string, done: number, total: number) => void;
}

/** What was erased. `logRecords` is undefined if the event log cannot be changed. */
export type Erased = Omit<ErasureCounts, 'logRecords'> & { logRecords: number | undefined };

/**
 * Removes a customer's personal data from the event log and the store. Safe to repeat after a failure.
 * @throws ServiceError `erasure-failed`, `store-unavailable`, `log-unavailable`
 */
export async function eraseCustomer(options: EraseOptions): Promise<Erased> {
  const { store, customerId, by, onProgress } = options;
  const salt = randomBytes(16).toString('hex');
  const customerHash = createHmac('sha256', salt).update(customerId).digest('hex');
  const note = await store.begin({ customerHash, salt, requestedBy: by, requestedAt: systemClock() });
  const erasure = { customerId, pseudonym: `erased-${randomBytes(8).toString('hex')}` };

  // The log first: until the orders have the pseudonym, the command can be repeated and finds their records again.
  const logRecords = await eraseLog(options, erasure, (done, total) => onProgress('event log', done, total));
  // Again, because orders that the log still had may have failed since.
  const data = await store.dataOf(customerId);
  const ids = data.deadLetters.map(({ id }) => id);
  await store.eraseDeadLetters(ids, { by, at: systemClock() });
  for (const orderId of data.retrying) await store.eraseRetrying(orderId, erasure);
  const orders = await eraseOrders(options, erasure);
  await store.deleteApiKeys(customerId);
  if (options.rewrite) await store.rewrite((what) => onProgress(`rewriting ${what}`, 0, 0));

  const { retrying, deadLetters, apiKeys } = data;
  const erased = { orders, retrying: retrying.length, deadLetters: deadLetters.length, apiKeys, logRecords };
  await store.complete(note, { ...erased, logRecords: logRecords ?? 0 }, systemClock());
  return erased;
}

/** In several requests if the customer has many orders. Each changes only what the earlier ones have not. */
async function eraseLog(
  { log, data, rewrite }: EraseOptions,
  erasure: { customerId: string; pseudonym: string },
  onProgress: OnProgress,
): Promise<number | undefined> {
  const others = data.deadLetters.flatMap(({ orderId }) => orderId ?? []);
  const orderIds = [...new Set([...data.orders, ...data.retrying, ...others])];
  let redacted: number | undefined;
  for (let from = 0; from === 0 || from < orderIds.length; from += ORDERS_OF_REQUEST) {
    const isLast = from + ORDERS_OF_REQUEST >= orderIds.length;
    const some = orderIds.slice(from, from + ORDERS_OF_REQUEST);
    const more = await log.erase({ ...erasure, orderIds: some, rewrite: rewrite && isLast }, onProgress);
    if (more !== undefined) redacted = (redacted ?? 0) + more;
  }
  return redacted;
}

/** Pauses for as long as each batch took, so that others can write. */
async function eraseOrders(
  { store, data, onProgress }: EraseOptions,
  erasure: { customerId: string; pseudonym: string },
): Promise<number> {
  let orders = 0;
  for (;;) {
    const begin = performance.now();
    const erased = await store.eraseOrders(erasure);
    if (erased === 0) return orders;
    orders += erased;
    onProgress('orders', orders, Math.max(orders, data.orders.length));
    await pause(performance.now() - begin);
  }
}
