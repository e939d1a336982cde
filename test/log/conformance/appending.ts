import type { Test } from 'tap';
import { ServiceError } from '../../../src/base/errors.ts';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { recordCheck } from '../../../src/base/record-check.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { EventLogHarness } from './harness.ts';
import { PARTITIONS } from './harness.ts';
import {
  appendNumbered,
  freshSpace,
  keys,
  allArrived,
  numbersByKey,
  openLog,
  openReader,
  runsAreWhole,
} from './traffic.ts';

export const appendingTests = {
  'each topic of each log has its own progress name': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    t.match(log.progressName(TOPICS.commands), /^(kafka|embedded):.*orders\.commands$/);
    t.not(log.progressName(TOPICS.commands), log.progressName(TOPICS.status));
  },

  'ranges() returns the first offsets and the offsets of the next records': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const ranges = Array.from({ length: PARTITIONS }, () => ({ start: 0, end: 0 }));
    t.same(await log.ranges(TOPICS.commands), ranges);
    const appended = await appendNumbered(log, TOPICS.commands, keys(50), 100);
    for (const { position } of appended) (ranges[position.partition] ?? { end: 0 }).end += 1;
    t.same(await log.ranges(TOPICS.commands), ranges);
    await log.stop();
    await t.rejects(log.ranges(TOPICS.commands), { code: 'log-unavailable' });
  },

  'figures() counts the bytes of appends until they are acknowledged': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    t.equal((await log.figures()).pendingBytes, 0);
    const appending = log.append({ topic: TOPICS.commands, key: 'k', value: Buffer.alloc(1_000) });
    const [meanwhile] = await Promise.all([log.figures(), appending]);
    t.ok(meanwhile.pendingBytes >= 1_000, 'while it is not acknowledged');
    const { pendingBytes, file } = await log.figures();
    t.equal(pendingBytes, 0);
    if (file !== undefined) t.ok(file.usedBytes > 1_000 && file.usedBytes < file.limitBytes);
  },

  'single records are read by their offsets, as a consumer gets them': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.commands, keys(50), 100);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(appended.length);
    const offsets = new Map(appended.map(({ position }) => [position.partition, position.offset]));
    const read = await log.recordsAt(TOPICS.commands, offsets);
    const delivered = reader.records.filter(({ partition, offset }) => offsets.get(partition) === offset);
    const byPartition = (a: LogRecord, b: LogRecord) => a.partition - b.partition;
    t.equal(delivered.length, PARTITIONS);
    t.same([...read.values()].sort(byPartition), delivered.sort(byPartition));
    t.same(
      [...read.values()].sort(byPartition).map(recordCheck),
      delivered.map(recordCheck),
      'the check values are the same',
    );
    t.same(await log.recordsAt(TOPICS.commands, new Map()), new Map());
  },

  'the records of one key get increasing offsets in one partition': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.commands, ['one'], 100);
    const offsets = appended.map(({ position }) => position.offset);
    t.equal(new Set(appended.map(({ position }) => position.partition)).size, 1);
    t.same(
      offsets,
      [...new Set(offsets)].sort((a, b) => a - b),
      'in the order of the calls',
    );
  },

  'one key always maps to one partition, and many keys to all partitions': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.commands, keys(200), 400);
    const partitionOf = new Map(appended.map(({ key, position }) => [key, position.partition]));
    t.equal(new Set(partitionOf.values()).size, PARTITIONS);
    t.ok(appended.every(({ key, position }) => partitionOf.get(key) === position.partition));
  },

  'a record goes to the partition that it asks for, in the order of the calls': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const append = (partition?: number) =>
      log.append({ topic: TOPICS.commands, key: 'one', value: Buffer.of(partition ?? 99), partition });
    const own = (await append()).partition;
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const [first, second] = await Promise.all([append(partition), append(partition)]);
      t.equal(first.partition, partition);
      t.match(second, { partition, offset: first.offset + 1 });
    }
    t.equal((await append()).partition, own, 'without one, the key decides');
    if (log.find !== undefined) {
      t.match(await log.find(TOPICS.commands, 'one'), { partition: own, offset: 0 }, 'the oldest by its key');
    }
  },

  'a partition that the topic does not have is refused, and the records beside it are appended': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const record = { topic: TOPICS.commands, key: 'one', value: Buffer.of(1) };
    const outcomes = await Promise.allSettled([
      log.append(record),
      log.append({ ...record, partition: PARTITIONS }),
      log.append(record),
    ]);
    t.match(outcomes, [
      { value: { offset: 0 } },
      {
        reason: {
          code: 'partition-unknown',
          message: `Topic orders.commands has no partition ${PARTITIONS}.`,
        },
      },
      { value: { offset: 1 } },
    ]);
    t.equal(log.pendingAppends(), 0);
  },

  'records of one key appended concurrently are read in the order of the calls': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appended = await appendNumbered(log, TOPICS.commands, keys(7), 2100);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(appended.length);
    for (const [key, numbers] of numbersByKey(reader.records)) {
      t.same(
        numbers,
        appended.filter((record) => record.key === key).map((record) => record.number),
      );
    }
  },

  'a working log is ready, and has nothing pending when all is acknowledged': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const appending = appendNumbered(log, TOPICS.commands, keys(3), 30);
    t.equal(log.pendingAppends(), 30);
    await appending;
    t.equal(log.pendingAppends(), 0);
    t.equal(log.readinessProblem(), undefined);
  },

  'stop() makes earlier appends durable and refuses later ones': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const space = freshSpace();
    const log = await openLog(t, harness, space);
    const appending = appendNumbered(log, TOPICS.commands, keys(10), 1000);
    await log.stop();
    const appended = await appending;
    const late = log.append({ topic: TOPICS.commands, key: 'late', value: Buffer.from('0') });
    const error = await late.then(
      () => undefined,
      (error: unknown) => error,
    );
    t.ok(error instanceof ServiceError && error.code === 'log-unavailable', 'a late append is refused');
    await log.stop();

    const reader = await openReader(t, await openLog(t, harness, space), TOPICS.commands);
    await reader.received(appended.length);
    runsAreWhole(t, reader.records);
    allArrived(t, reader.records, appended);
  },

  'an append before start() is refused': async (t: Test, harness: EventLogHarness) => {
    const log = await harness.open({ space: freshSpace(), partitions: PARTITIONS });
    const early = log.append({ topic: TOPICS.commands, key: 'early', value: Buffer.from('0') });
    await t.rejects(early, { code: 'log-unavailable' });
  },
};
