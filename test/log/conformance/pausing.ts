import type { Test } from 'tap';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TOPICS } from '../../../src/log/event-log.ts';
import { fromCommitted, Reader } from './reader.ts';
import { type EventLogHarness, PARTITIONS } from './harness.ts';
import {
  allArrived,
  appendNumbered,
  keyOfEachPartition,
  keys,
  openLog,
  openReader,
  runsAreWhole,
} from './traffic.ts';

export const pausingTests = {
  'a paused partition waits while the others are read, and continues at its position': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const keyOf = await keyOfEachPartition(log, TOPICS.commands);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(100);
    reader.consumer.pause([1]);
    const others = () => reader.records.length - reader.offsetsOf(1).length;
    const before = others();
    await appendNumbered(log, TOPICS.commands, keyOf, 400);
    await reader.reached(() => others() === before + 300, 'the first records of the others');
    // Now nothing is in flight.
    const count = reader.offsetsOf(1).length;
    await appendNumbered(log, TOPICS.commands, keyOf, 400);
    await reader.reached(() => others() === before + 600, 'the next records of the others');
    t.equal(reader.offsetsOf(1).length, count);
    reader.consumer.resume([1]);
    await reader.received(900);
    t.equal(reader.records.length, 900);
    runsAreWhole(t, reader.records);
  },

  'pausing within a backlog loses, duplicates and reorders nothing': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.commands, keys(100), 8000);
    const resuming: Promise<void>[] = [];
    const reader = await openReader(t, log, TOPICS.commands, {
      onRecords(records, consumer) {
        const partition = records[0]?.partition ?? 0;
        consumer.pause([partition]);
        resuming.push(nextTurn().then(() => consumer.resume([partition])));
      },
    });
    await reader.received(8000);
    await Promise.all(resuming);
    t.equal(reader.records.length, 8000);
    runsAreWhole(t, reader.records);
    allArrived(t, reader.records, appended);
  },

  'pausing and resuming under traffic loses, duplicates and reorders nothing': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.allAssigned();
    const appended = [];
    for (let round = 0; round < 40; round++) {
      const partitions = [round % PARTITIONS, (round + 1) % PARTITIONS];
      reader.consumer.pause(partitions);
      reader.consumer.pause(partitions);
      appended.push(...(await appendNumbered(log, TOPICS.commands, keys(50), 100, round * 100)));
      reader.consumer.resume(partitions);
    }
    await reader.received(4000);
    t.equal(reader.records.length, 4000);
    runsAreWhole(t, reader.records);
    allArrived(t, reader.records, appended);
  },

  'a long pause of a busy partition loses, duplicates and reorders nothing': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const keyOf = await keyOfEachPartition(log, TOPICS.commands);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(100);
    const [busy = '', other = ''] = keyOf;
    for (let round = 1; round <= 2; round++) {
      const others = reader.offsetsOf(1).length;
      reader.consumer.pause([0]);
      const value = Buffer.alloc(60_000, round);
      const large = Array.from({ length: 30 }, () =>
        log.append({ topic: TOPICS.commands, key: busy, value }),
      );
      await Promise.all(large);
      await appendNumbered(log, TOPICS.commands, [other], 50);
      await reader.reached(
        () => reader.offsetsOf(1).length === others + 50,
        'the records of another partition',
      );
      reader.consumer.resume([0]);
      await reader.received(100 + round * 80);
    }
    t.equal(reader.records.length, 260);
    runsAreWhole(t, reader.records);
  },

  'a partition can be paused before its first record': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const keyOf = await keyOfEachPartition(log, TOPICS.commands);
    const reader = new Reader(log, TOPICS.commands, {
      from(committed) {
        reader.consumer.pause([2]);
        return fromCommitted(committed);
      },
    });
    await reader.consumer.start();
    t.teardown(() => reader.consumer.stop());
    const others = () => reader.records.length - reader.offsetsOf(2).length;
    await reader.reached(
      () => reader.assigned.size === keyOf.length && others() > 50,
      'the other partitions',
    );
    t.same(reader.offsetsOf(2), []);
    reader.consumer.resume([2]);
    await reader.received(100);
    runsAreWhole(t, reader.records);
  },

  'a consumer can be stopped while partitions are paused': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    await appendNumbered(log, TOPICS.commands, keys(100), 1000);
    const reader = await openReader(t, log, TOPICS.commands, {
      onRecords: (records, consumer) => consumer.pause(records.map((record) => record.partition)),
    });
    await reader.allAssigned();
    await reader.reached(() => reader.records.length > 0, 'the first records');
    await reader.consumer.stop();
    t.same(reader.failures, []);
    const again = await openReader(t, log, TOPICS.commands);
    await again.received(1000);
    runsAreWhole(t, again.records);
  },
};
