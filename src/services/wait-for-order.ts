import { resultWithin } from '../base/within.ts';
import type { OrderAccess } from '../order/access.ts';
import type { Order } from '../order/order.ts';
import { watchFirstChange } from '../status/first-change.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';

/** Milliseconds that a read may take even if the caller waits for less. */
const MIN_READ_MS = 1_000;

export interface WaitOptions {
  timeoutMs: number;
  /** ends the wait early */
  signal?: AbortSignal;
  /** the key of the caller (base/caller.ts), whose waiting requests are limited */
  caller?: string;
}

/**
 * Waits until an order is processed.
 * @returns undefined if it was not processed within `timeoutMs`, the store did not answer in time, there is no place for another
 *   waiting request, or the signal was aborted
 * @throws ServiceError `store-unavailable`
 */
export async function waitForOrder(
  orderId: string,
  access: OrderAccess,
  { timeoutMs, signal, caller }: WaitOptions,
  { hub, reader }: { hub: StatusHub; reader: Pick<OrderReader, 'find'> },
): Promise<Order | undefined> {
  const change = watchFirstChange(hub, orderId, access, caller);
  const giveUp = () => change.cancel();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    // The order may have been processed before the watch began.
    const deadline = performance.now() + timeoutMs;
    const stored = await resultWithin(reader.find(orderId, access), Math.max(MIN_READ_MS, timeoutMs));
    if (stored !== undefined) return stored;
    await change.within(signal?.aborted === true ? 0 : Math.max(0, deadline - performance.now()));
    return await resultWithin(
      reader.find(orderId, access),
      Math.max(MIN_READ_MS, deadline - performance.now()),
    );
  } finally {
    signal?.removeEventListener('abort', giveUp);
    change.cancel();
  }
}
