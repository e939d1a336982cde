import type { Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { type EventLogHarness, PARTITIONS } from './harness.ts';
import { ARRIVAL_MS } from './reader.ts';
import {
  allArrived,
  appendNumbered,
  freshSpace,
  keys,
  numbersByKey,
  type Numbered,
  openLog,
  openReader,
} from './traffic.ts';

/** Without the records read again after a rebalance, which the store's progress would skip. */
function firstReadings(records: readonly LogRecord[]): LogRecord[] {
  const next = new Map<number, number>();
  return records.filter(({ partition, offset }) => {
    if (offset < (next.get(partition) ?? 0)) return false;
    next.set(partition, offset + 1);
    return true;
  });
}

export const sharingTests = {
  'when members join and leave under traffic, nothing is lost and every key keeps its order': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const space = freshSpace();
    const seen: LogRecord[] = [];
    const see = { commits: true, onRecords: (records: LogRecord[]) => void seen.push(...records) };
    const stays = await openReader(t, await openLog(t, harness, space), TOPICS.commands, see);
    await stays.allAssigned();

    const producer = await openLog(t, harness, space);
    const traffic = new AbortController();
    const appending = appendUntil(traffic.signal, (first) => {
      return appendNumbered(producer, TOPICS.commands, keys(40), 40, first);
    });
    const joins = await openReader(t, await openLog(t, harness, space), TOPICS.commands, see);
    await joins.reached(() => joins.records.length > 200, 'records of the member that joined');
    t.equal(stays.assigned.size + joins.assigned.size, PARTITIONS, 'every partition has one reader');
    t.ok(stays.assigned.size > 0 && joins.assigned.size > 0, 'both have work');
    await joins.consumer.stop();
    await stays.allAssigned();
    traffic.abort();
    const appended = await appending;

    const whole = () => firstReadings(seen).length >= appended.length;
    await eventually(whole, { what: `${appended.length} records`, timeoutMs: ARRIVAL_MS });
    const records = firstReadings(seen);
    allArrived(t, records, appended);
    for (const [key, numbers] of numbersByKey(records)) {
      t.same(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `${key} in order`,
      );
    }
    t.comment(`${appended.length} records, ${seen.length - records.length} read twice`);
  },

  'followers in several processes all receive everything': async (t: Test, harness: EventLogHarness) => {
    const space = freshSpace();
    const logs = [await openLog(t, harness, space), await openLog(t, harness, space)];
    const counts = logs.map(() => 0);
    for (const [index, log] of logs.entries()) {
      const count = (records: LogRecord[]) => void (counts[index] = (counts[index] ?? 0) + records.length);
      const follower = await log.follow(TOPICS.status, count);
      t.teardown(() => follower.stop());
    }
    for (const log of logs) await appendNumbered(log, TOPICS.status, keys(10), 100);
    await eventually(() => counts.every((count) => count >= 200), {
      what: 'all records',
      timeoutMs: ARRIVAL_MS,
    });
    t.same(counts, [200, 200]);
  },
};

async function appendUntil(
  signal: AbortSignal,
  append: (first: number) => Promise<Numbered[]>,
): Promise<Numbered[]> {
  const appended: Numbered[] = [];
  while (!signal.aborted) appended.push(...(await append(appended.length)));
  return appended;
}
