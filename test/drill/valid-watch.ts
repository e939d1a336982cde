import type { Run } from './valid-run.ts';
import { lostSpan, STEP, timeOf } from './valid-times.ts';
import type { ToldChange } from './watch-log.ts';

const PUBLISHED_AFTER_MS = 5;

/** Two watchers that were told everything in order; a restored backup refused their tokens. Calls were slow for a while. */
export function watchRun(run: Run): void {
  run.ledger.slowWindows.push({
    calmFrom: timeOf(90 * STEP),
    from: timeOf(100 * STEP),
    until: timeOf(150 * STEP),
  });
  const { until } = lostSpan();
  const told = [...storedChanges(run), ...lostChanges(run)].sort((one, other) => one.at - other.at);
  run.watchLogs = ['watcher-1', 'watcher-2'].map((name) => ({
    name,
    told: told.map((change) => ({ ...change })),
    resumes: [
      { tokenAt: timeOf(50), at: timeOf(50) + 300, status: 200 },
      { tokenAt: until - 10, at: until + 300, status: 410 },
      { tokenAt: until + 400, at: timeOf(290 * STEP), status: 200 },
    ],
    probes: [{ tokenAt: until - 10, at: timeOf(299 * STEP), status: 410 }],
  }));
}

function storedChanges({ histories }: Run): ToldChange[] {
  return [...histories].flatMap(([orderId, history]) =>
    history.map(({ version, status, at }) => ({ orderId, version, status, at: at + PUBLISHED_AFTER_MS })),
  );
}

/** Changes that were told and then lost. */
function lostChanges({ ledger, unlisted }: Run): ToldChange[] {
  return ledger.entries.flatMap(({ ids: [orderId = ''], acknowledgements: [first] }) => {
    if (first === undefined || !unlisted.has(orderId)) return [];
    return { orderId, version: 1, status: 'confirmed' as const, at: first.at + PUBLISHED_AFTER_MS };
  });
}
