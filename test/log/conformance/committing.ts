import type { Test } from 'tap';
import { type EventLog, TOPICS } from '../../../src/log/event-log.ts';
import type { EventLogHarness } from './harness.ts';
import { PARTITIONS } from './harness.ts';
import { ends, type Committed, type Start } from './reader.ts';
import {
  allArrived,
  appendNumbered,
  freshSpace,
  keys,
  openLog,
  openReader,
  runsAreWhole,
} from './traffic.ts';

/** A reopened log of 400 records, of which the group has committed ten per partition. */
async function committedTen(t: Test, harness: EventLogHarness): Promise<EventLog> {
  const space = freshSpace();
  const log = await openLog(t, harness, space);
  await appendNumbered(log, TOPICS.commands, keys(100), 400);
  const reader = await openReader(t, log, TOPICS.commands);
  await reader.received(400);
  reader.consumer.commit(every(10));
  await reader.consumer.stop();
  await log.stop();
  return openLog(t, harness, space);
}

function every(offset: number): Map<number, number> {
  return new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, offset]));
}

async function firstOffsets(t: Test, log: EventLog, from: (committed: Committed) => Start) {
  const reader = await openReader(t, log, TOPICS.commands, { from });
  const partitions = [...every(0).keys()];
  const first = () => partitions.map((partition) => reader.offsetsOf(partition)[0]);
  await reader.reached(() => first().every((offset) => offset !== undefined), 'a record of every partition');
  runsAreWhole(t, reader.records);
  return { reader, first: first() };
}

export const committingTests = {
  'a consumer starts at the committed offsets of its group': async (t: Test, harness: EventLogHarness) => {
    const log = await committedTen(t, harness);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(400 - 10 * PARTITIONS);
    t.same(reader.committed, every(10));
    t.equal(reader.records.length, 400 - 10 * PARTITIONS);
    runsAreWhole(t, reader.records);
  },

  'onAssigned may go back, as for a store behind the commits': async (t: Test, harness: EventLogHarness) => {
    const { reader, first } = await firstOffsets(t, await committedTen(t, harness), () => every(3));
    t.same(reader.committed, every(10));
    t.same(first, [3, 3, 3, 3]);
  },

  'onAssigned may go forward, as for a store ahead of the commits': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const { first } = await firstOffsets(t, await committedTen(t, harness), () => every(20));
    t.same(first, [20, 20, 20, 20]);
  },

  'onAssigned may restart at the earliest record': async (t: Test, harness: EventLogHarness) => {
    const from = () => new Map([...every(0).keys()].map((partition) => [partition, 'earliest' as const]));
    const { first } = await firstOffsets(t, await committedTen(t, harness), from);
    t.same(first, [0, 0, 0, 0]);
  },

  'an error in onAssigned ends the consumer, with the reason': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const failure = new Error('the store cannot be read');
    const from = () => {
      throw failure;
    };
    const reader = await openReader(t, log, TOPICS.commands, { from });
    await t.rejects(reader.allAssigned(), failure);
    await reader.consumer.stop();
    t.same(reader.failures, [failure]);
    t.same(reader.records, []);
  },

  'stopping and starting again under traffic leaves no gap': async (t: Test, harness: EventLogHarness) => {
    const space = freshSpace();
    const log = await openLog(t, harness, space);
    const appending = (async () => {
      const appended = [];
      for (let first = 0; first < 4000; first += 100) {
        appended.push(...(await appendNumbered(log, TOPICS.commands, keys(40), 100, first)));
      }
      return appended;
    })();
    const before = await openReader(t, log, TOPICS.commands, { commits: true });
    await before.received(1000);
    await before.consumer.stop();
    const taken = before.records.length;
    const appended = await appending;
    const after = await openReader(t, log, TOPICS.commands, { commits: true });
    await after.received(4000 - taken);
    t.equal(before.records.length, taken);
    t.same(
      [...after.committed].filter(([, offset]) => offset !== undefined),
      sorted(ends(before.records)),
    );
    const records = [...before.records, ...after.records];
    runsAreWhole(t, records);
    allArrived(t, records, appended);
  },
};

function sorted(offsets: Map<number, number>): [number, number][] {
  return [...offsets].sort(([a], [b]) => a - b);
}
