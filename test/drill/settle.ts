import { pause } from './abort.ts';
import { expectedStatuses, mayOrderBeLost } from './expected-statuses.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { LostSpan } from './lost-spans.ts';
import type { RetryingOrder } from './read-back-types.ts';
import type { ServiceReader } from './service-reader.ts';

const INTERVAL_MS = 1_000;

/** The log may still hold orders that were never acknowledged, so nothing may change for this long. */
const QUIET_MS = 2_000;

export interface SettleOptions {
  ledger: Pick<Ledger, 'entries' | 'undecodable' | 'lostSpans'>;
  reader: Pick<ServiceReader, 'orders' | 'deadLetterCount'>;
  retryingOrders: () => Promise<readonly RetryingOrder[]>;
  deadlineMs: number;
  /** called with the number of orders and records that are not processed yet */
  onPending: (count: number) => void;
  signal: AbortSignal;
}

/**
 * Waits until everything acknowledged is processed, no order is retrying and nothing changes any more.
 * @returns false when the deadline or the signal came first
 */
export async function settle(options: SettleOptions): Promise<boolean> {
  const { ledger, reader, retryingOrders, deadlineMs, onPending, signal } = options;
  const deadline = Date.now() + deadlineMs;
  let lastSum = -1;
  let changedAt = Date.now();
  while (Date.now() < deadline && !signal.aborted) {
    const versions = new Map<string, number>();
    for await (const { id, version } of reader.orders()) versions.set(id, version);
    const undecodable = await reader.deadLetterCount('record-undecodable');
    const pending =
      ledger.entries.filter((entry) => isPending(entry, versions, ledger.lostSpans)).length +
      Math.max(0, ledger.undecodable.length - undecodable) +
      (await retryingOrders()).length;
    onPending(pending);
    const sum = [...versions.values()].reduce((total, version) => total + version, undecodable);
    if (sum !== lastSum || pending > 0) changedAt = Date.now();
    else if (Date.now() - changedAt >= QUIET_MS) return true;
    lastSum = sum;
    await pause(INTERVAL_MS, signal);
  }
  return false;
}

function isPending(
  entry: LedgerEntry,
  versions: ReadonlyMap<string, number>,
  lostSpans: readonly LostSpan[],
): boolean {
  if (mayOrderBeLost(entry, lostSpans)) return false;
  const wanted = expectedStatuses(entry, lostSpans).certain.length;
  return entry.ids.some((id) => (versions.get(id) ?? 0) < wanted);
}
