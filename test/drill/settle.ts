import { expectedLife } from './expected-life.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { pause } from './pause.ts';
import type { RetryingOrder } from './read-back-types.ts';
import type { ServiceReader } from './service-reader.ts';

const INTERVAL_MS = 1_000;

/** An order that nobody was told of may still stand in the log. */
const QUIET_MS = 2_000;

export interface SettleOptions {
  ledger: Pick<Ledger, 'entries' | 'undecodable'>;
  reader: Pick<ServiceReader, 'orders' | 'deadLetterCount'>;
  /** orders that the store keeps for a retry, those that nobody was told of among them */
  parked: () => Promise<readonly RetryingOrder[]>;
  deadlineMs: number;
  /** orders that are not yet where they will be */
  onWaiting: (orders: number) => void;
  signal: AbortSignal;
}

/**
 * Waits until everything acknowledged is processed, nothing waits for a retry and nothing moves any more, or until the
 * deadline: what is not settled then is for the checker to say. Answers whether it is settled.
 */
export async function settle(options: SettleOptions): Promise<boolean> {
  const { ledger, reader, parked, deadlineMs, onWaiting, signal } = options;
  const deadline = Date.now() + deadlineMs;
  let lastSum = -1;
  let movedAt = Date.now();
  while (Date.now() < deadline && !signal.aborted) {
    const versions = new Map<string, number>();
    for await (const { id, version } of reader.orders()) versions.set(id, version);
    const undecodable = await reader.deadLetterCount('record-undecodable');
    const waiting = ledger.entries.filter((entry) => isWaiting(entry, versions)).length;
    const records = Math.max(0, ledger.undecodable.length - undecodable);
    const retries = (await parked()).length;
    onWaiting(waiting + records + retries);
    const sum = [...versions.values()].reduce((total, version) => total + version, undecodable);
    if (sum !== lastSum) movedAt = Date.now();
    lastSum = sum;
    if (waiting + records + retries > 0) movedAt = Date.now();
    else if (Date.now() - movedAt >= QUIET_MS) return true;
    await pause(INTERVAL_MS, signal);
  }
  return false;
}

function isWaiting(entry: LedgerEntry, versions: ReadonlyMap<string, number>): boolean {
  const wanted = expectedLife(entry).certain.length;
  return entry.ids.some((id) => (versions.get(id) ?? 0) < wanted);
}
