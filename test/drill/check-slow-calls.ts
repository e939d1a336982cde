import type { OrderKind } from './behaviour.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { WatchLog } from './watch-log.ts';

/** Shorter than the slow calls, and much longer than an order takes when nothing holds it up. */
export const OTHERS_TAKE_MS = 2_500;

/** Some may be late because the machine is busy. */
const MAX_LATE_SHARE = 0.05;

const OTHERS: ReadonlySet<OrderKind> = new Set<OrderKind>(['healthy', 'rejected']);

/** While some processor calls take seconds, and nothing is broken, other orders get their first status at once. */
export function* checkSlowCalls(
  { entries, slowWindows }: Pick<Ledger, 'entries' | 'slowWindows'>,
  watchLogs: readonly WatchLog[],
): Iterable<Finding> {
  if (slowWindows.length === 0) return;
  const firstTold = new Map<string, number>();
  for (const { told } of watchLogs) {
    for (const { orderId, version, at } of told) {
      if (version === 1) firstTold.set(orderId, Math.min(at, firstTold.get(orderId) ?? Infinity));
    }
  }
  for (const { calmFrom, from, until } of slowWindows) {
    const timesIn = (start: number, end: number): number[] =>
      entries.flatMap(({ kind, ids: [id = ''], acknowledgements: [first] }) => {
        if (!OTHERS.has(kind) || first === undefined || first.at < start || first.at > end) return [];
        return (firstTold.get(id) ?? until) - first.at;
      });
    const before = timesIn(calmFrom, from - OTHERS_TAKE_MS);
    const times = timesIn(from, until - OTHERS_TAKE_MS);
    const late = times.filter(isLate).length;
    // A machine that is slow without slow calls proves nothing about them.
    const lateBefore = before.filter(isLate).length / Math.max(1, before.length);
    if (late <= times.length * Math.max(MAX_LATE_SHARE, 2 * lateBefore)) continue;
    const slowest = Math.round(times.reduce((most, ms) => Math.max(most, ms), 0));
    const detail = `slow calls held up ${late} of ${times.length} other orders for more than ${OTHERS_TAKE_MS} ms, up to ${slowest} ms`;
    yield { kind: 'stuck', detail };
  }
}

function isLate(ms: number): boolean {
  return ms > OTHERS_TAKE_MS;
}
