import type { Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { type EventLog, TOPICS } from '../../../src/log/event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import type { EventLogHarness } from './harness.ts';
import { ARRIVAL_MS } from './reader.ts';
import { allArrived, appendNumbered, keys, openLog, openReader, runsAreWhole } from './traffic.ts';

export async function follow(t: Test, log: EventLog, topic: string) {
  const records: LogRecord[] = [];
  const follower = await log.follow(topic, (chunk) => records.push(...chunk));
  t.teardown(() => follower.stop());
  const received = async (count: number) => {
    await eventually(() => records.length >= count, { what: `${count} records`, timeoutMs: ARRIVAL_MS });
  };
  return { records, follower, received };
}

export const followingTests = {
  'every follower receives all records appended after follow(), and none from before': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    await appendNumbered(log, TOPICS.status, keys(10), 100);
    const one = await follow(t, log, TOPICS.status);
    const early = await appendNumbered(log, TOPICS.status, keys(10), 100, 100);
    await one.received(100);
    const two = await follow(t, log, TOPICS.status);
    const late = await appendNumbered(log, TOPICS.status, keys(10), 1000, 200);
    await one.received(1100);
    await two.received(1000);
    for (const { records } of [one, two]) runsAreWhole(t, records);
    t.same([one.records.length, two.records.length], [1100, 1000]);
    allArrived(t, one.records, [...early, ...late]);
    allArrived(t, two.records, late);
  },

  'a follower of an empty topic receives its first record': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const { records, received } = await follow(t, log, TOPICS.status);
    await appendNumbered(log, TOPICS.status, keys(1), 1);
    await received(1);
    t.equal(records[0]?.offset, 0);
  },

  'a follower may start some records before the ends, and learns where': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.status, keys(10), 300);
    const ends = new Map<number, number>();
    for (const { position } of appended) {
      const { partition, offset } = position;
      ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1));
    }
    const records: LogRecord[] = [];
    let begin: ReadonlyMap<number, number> = new Map();
    const follower = await log.follow(TOPICS.status, (chunk) => records.push(...chunk), {
      backlog: 6 * ends.size,
      onStart: (positions) => {
        t.equal(records.length, 0, 'before the first record');
        begin = positions;
      },
    });
    t.teardown(() => follower.stop());
    const all = await log.follow(TOPICS.status, () => undefined, {
      backlog: 1_000_000,
      onStart: (positions) => t.ok([...positions.values()].every((offset) => offset === 0)),
    });
    t.teardown(() => all.stop());
    for (const [partition, end] of ends) {
      const start = begin.get(partition) ?? 0;
      t.ok(start >= Math.max(0, end - 6 * ends.size) && start <= end, `${partition} from ${start} to ${end}`);
    }
    const expected = [...ends].reduce((sum, [partition, end]) => sum + end - (begin.get(partition) ?? 0), 0);
    t.ok(expected > 0);
    await eventually(() => records.length >= expected, {
      what: `${expected} records`,
      timeoutMs: ARRIVAL_MS,
    });
    t.equal(records.length, expected);
    for (const [partition, start] of begin) {
      const first = records.find((record) => record.partition === partition);
      if (first !== undefined) t.equal(first.offset, start);
    }
  },

  'a stopped follower receives nothing more': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const stopped = await follow(t, log, TOPICS.status);
    const going = await follow(t, log, TOPICS.status);
    await stopped.follower.stop();
    await stopped.follower.stop();
    await appendNumbered(log, TOPICS.status, keys(10), 100);
    await going.received(100);
    t.equal(stopped.records.length, 0);
  },

  'a follower does not affect the group': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const follower = await follow(t, log, TOPICS.commands);
    await appendNumbered(log, TOPICS.commands, keys(10), 100);
    await follower.received(100);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(100);
    t.ok([...reader.committed.values()].every((offset) => offset === undefined));
  },
};
