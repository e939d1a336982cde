import type { Test } from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import type { EventLogHarness } from './harness.ts';
import { ARRIVAL_MS, Reader } from './reader.ts';
import {
  allArrived,
  appendNumbered,
  keyOfEachPartition,
  keys,
  openLog,
  openReader,
  runsAreWhole,
} from './traffic.ts';

export const consumingTests = {
  'a new group reads everything from the earliest record, in order': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const before = await appendNumbered(log, TOPICS.commands, keys(50), 500);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.allAssigned();
    t.ok(
      [...reader.committed.values()].every((offset) => offset === undefined),
      'nothing is committed',
    );
    const after = await appendNumbered(log, TOPICS.commands, keys(50), 500, 500);
    await reader.received(1000);
    runsAreWhole(t, reader.records);
    allArrived(t, reader.records, [...before, ...after]);
  },

  'a burst of 20 000 records arrives complete': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const reader = await openReader(t, log, TOPICS.commands, { commits: true });
    await reader.allAssigned();
    const appended = [];
    for (let first = 0; first < 20_000; first += 5000) {
      appended.push(...(await appendNumbered(log, TOPICS.commands, keys(1000), 5000, first)));
    }
    await reader.received(20_000);
    t.equal(reader.records.length, 20_000);
    runsAreWhole(t, reader.records);
    allArrived(t, reader.records, appended);
  },

  'an idle consumer receives a record at once': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const arrivals: number[] = [];
    const onRecords = () => arrivals.push(performance.now());
    const reader = await openReader(t, log, TOPICS.commands, { onRecords });
    await reader.allAssigned();
    await appendNumbered(log, TOPICS.commands, keys(20), 20);
    await reader.received(20);
    const delays: number[] = [];
    for (let count = 21; count <= 30; count++) {
      await appendNumbered(log, TOPICS.commands, keys(20), 1, count);
      const acknowledged = performance.now();
      await reader.received(count);
      delays.push((arrivals.at(-1) ?? Infinity) - acknowledged);
    }
    const median = delays.sort((a, b) => a - b)[5] ?? Infinity;
    // A consumer that polls once a second, or waits for a batch to fill, would be slower on any machine.
    t.ok(median < 400, `median of ${median} ms from the acknowledgement to the handler`);
  },

  'consumers of two topics do not disturb each other': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const commands = await openReader(t, log, TOPICS.commands);
    const status = await openReader(t, log, TOPICS.status);
    await appendNumbered(log, TOPICS.commands, keys(10), 100);
    await appendNumbered(log, TOPICS.status, keys(10), 50);
    await commands.received(100);
    await status.received(50);
    await status.consumer.stop();
    await appendNumbered(log, TOPICS.commands, keys(10), 100, 100);
    await commands.received(200);
    t.equal(status.records.length, 50);
    runsAreWhole(t, commands.records);
  },

  'stop() revokes all partitions, and nothing arrives after it': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const reader = await openReader(t, log, TOPICS.commands);
    await appendNumbered(log, TOPICS.commands, keys(10), 100);
    await reader.received(100);
    await reader.consumer.stop();
    t.equal(reader.assigned.size, 0);
    await appendNumbered(log, TOPICS.commands, keys(10), 100, 100);
    await reader.consumer.stop();
    t.equal(reader.records.length, 100);
    t.same(reader.failures, []);
  },

  'a consumer stopped before its first assignment ends without failure': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const reader = new Reader(log, TOPICS.commands);
    await reader.consumer.start();
    await reader.consumer.stop();
    const idle = new Reader(log, TOPICS.commands);
    await idle.consumer.stop();
    t.same([reader.failures, idle.failures], [[], []]);
  },

  'an error in the handler ends the consumer, with the reason': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const failure = new Error('the handler is broken');
    const onRecords = () => {
      throw failure;
    };
    const reader = await openReader(t, log, TOPICS.commands, { onRecords });
    await appendNumbered(log, TOPICS.commands, ['one'], 1);
    await eventually(() => reader.failures.length > 0, { what: 'onFailed', timeoutMs: ARRIVAL_MS });
    t.equal(reader.failures[0], failure);
    const count = reader.records.length;
    await appendNumbered(log, TOPICS.commands, ['one'], 10, 1);
    await reader.consumer.stop();
    t.equal(reader.records.length, count);
    t.equal(reader.failures.length, 1);
  },

  'the lag counts the records between commits and ends, also of a paused partition': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const keyOf = await keyOfEachPartition(log, TOPICS.commands);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(100);
    const lagIs = async (lag: number) => {
      const met = () => [...reader.consumer.lag().values()].reduce((sum, of) => sum + of, 0) === lag;
      await reader.reached(met, `a lag of ${lag}`);
    };
    await lagIs(100);
    reader.consumer.commit(
      new Map(keyOf.map((_, partition) => [partition, reader.offsetsOf(partition).length])),
    );
    await lagIs(0);
    reader.consumer.pause([0]);
    await appendNumbered(log, TOPICS.commands, [keyOf[0] ?? ''], 25);
    await lagIs(25);
    t.equal(reader.consumer.lag().get(0), 25);
  },
};
