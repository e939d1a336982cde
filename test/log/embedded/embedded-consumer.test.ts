import t from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { createLogger } from '../../../src/base/logger.ts';
import { EmbeddedConsumer } from '../../../src/log/embedded/embedded-consumer.ts';
import type { LogClient } from '../../../src/log/embedded/log-client.ts';
import { handlers, openLog, record } from './support.ts';

const EMPTY_PARTITION = { start: 0, end: 0, committed: undefined };

await t.test(
  'a resumed partition is read at once, whether or not other partitions were read meanwhile',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir(), partitions: 2 });
    const keyOf: string[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e']) keyOf[(await log.append(record(key))).partition] = key;
    const { seen, all } = handlers();
    const consumer = log.consumer('orders', all);
    consumer.pause([0, 1]);
    await consumer.start();
    t.same(seen.records, [], 'nothing is read while all partitions are paused');
    consumer.resume([0, 1]);
    await eventually(() => seen.records.length === 5, { what: 'the existing records' });
    consumer.pause([1]);
    await log.append(record(keyOf[1] ?? ''));
    await log.append(record(keyOf[0] ?? ''));
    await eventually(() => seen.records.length === 6, { what: 'the record of the other partition' });
    t.equal(seen.records[5]?.partition, 0);
    consumer.resume([1]);
    await eventually(() => seen.records.length === 7, { what: 'the record of the resumed partition' });
    await consumer.stop();
  },
);

await t.test('lag counts the records that the group has not committed', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir(), partitions: 1 });
  for (const key of ['a', 'b', 'c']) await log.append(record(key));
  const { seen, all } = handlers();
  const consumer = log.consumer('orders', all);
  t.same(consumer.lag(), new Map());
  await consumer.start();
  t.same(consumer.lag(), new Map([[0, 3]]));
  consumer.commit(new Map([[0, 2]]));
  t.same(consumer.lag(), new Map([[0, 1]]));
  await log.append(record('d'));
  await eventually(() => seen.records.length === 4, { what: 'the fourth record' });
  t.same(consumer.lag(), new Map([[0, 2]]));
  await consumer.stop();
});

await t.test('a backlog in one partition does not delay the others', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  const positions = await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(record(`key-${n}`))));
  const flooded = positions[0]?.partition;
  await Promise.all(Array.from({ length: 9000 }, () => log.append(record('key-0'))));
  const fetches: LogRecord[][] = [];
  const { all } = handlers({ onRecords: (records) => void fetches.push(records) });
  const consumer = log.consumer('orders', all);
  await consumer.start();
  await eventually(() => fetches.length >= 3, { what: 'three fetches' });
  await consumer.stop();
  const others = fetches[0]?.filter(({ partition }) => partition !== flooded).length;
  t.equal(others, positions.filter(({ partition }) => partition !== flooded).length);
});

await t.test('a partition missing from the answer to onAssigned starts at the group offset', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  await log.append(record('a'));
  const { seen, all } = handlers({ onAssigned: () => Promise.resolve(new Map()) });
  const consumer = log.consumer('orders', all);
  await consumer.start();
  await eventually(() => seen.records.length === 1, { what: 'the record' });
  await consumer.stop();
});

await t.test('a consumer that begins before the committed offset gets every record', async (t) => {
  const dataDirectory = t.testdir();
  const options = { dataDirectory, partitions: 1, retentionMs: 0, followedTopics: ['others'] };
  const before = await openLog(t, { ...options, retentionMs: 600_000 });
  for (const key of ['a', 'b', 'c', 'd']) await before.append(record(key));
  const first = before.consumer('orders', handlers().all);
  await first.start();
  first.commit(new Map([[0, 4]]));
  await first.stop();
  await before.stop();

  const log = await openLog(t, options);
  const retentionRuns = async () => {
    const { offset } = await log.append({ ...record('x'), topic: 'others' });
    const isDeleted = async () => ((await log.ranges('others'))[0]?.start ?? 0) > offset;
    await eventually(isDeleted, { what: 'a run of retention' });
  };
  const { seen, all } = handlers({
    onAssigned: async () => {
      await retentionRuns();
      return new Map([[0, 2]]);
    },
  });
  const consumer = log.consumer('orders', all);
  consumer.pause([0]);
  await consumer.start();
  await retentionRuns();
  consumer.resume([0]);
  await eventually(() => seen.records.length + seen.failures.length > 0, { what: 'the records' });
  await consumer.stop();
  t.same(seen.failures, []);
  t.same(
    seen.records.map(({ offset }) => offset),
    [2, 3],
  );
});

await t.test('a position beyond the end of the log fails the consumer, which reads nothing', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  await log.append(record('a'));
  const { seen, all } = handlers({ onAssigned: () => Promise.resolve(new Map([[0, 500]])) });
  const consumer = log.consumer('orders', all);
  await consumer.start();
  await consumer.stop();
  t.match(seen.failures, [
    { code: 'log-mismatch', message: /orders\/0: .* before offset 500 .* ends at offset [01]\./ },
  ]);
  t.same(seen.records, []);
});

await t.test(
  'a consumer stopped during its assignment reads nothing and revokes all partitions',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir() });
    await log.append(record('a'));
    let answer: (positions: Map<number, number>) => void = () => undefined;
    const { seen, all } = handlers({ onAssigned: () => new Promise((resolve) => (answer = resolve)) });
    const consumer = log.consumer('orders', all);
    const starting = consumer.start();
    await t.resolves(log.find('orders', 'a'));
    const stopping = Promise.all([consumer.stop(), consumer.stop()]);
    answer(new Map());
    await starting;
    await stopping;
    t.same(seen, { records: [], revoked: [[0, 1, 2, 3]], failures: [] });
  },
);

await t.test(
  'offsets stored while others are being committed are committed by stop() at the latest',
  async (t) => {
    const dataDirectory = t.testdir();
    const log = await openLog(t, { dataDirectory, partitions: 1 });
    await Promise.all(Array.from({ length: 100 }, () => log.append(record('a'))));
    const { all } = handlers({
      onRevoked: () => {
        consumer.commit(new Map([[0, 100]]));
        return Promise.resolve();
      },
    });
    const consumer = log.consumer('orders', all);
    await consumer.start();
    for (let offset = 1; offset < 50; offset++) consumer.commit(new Map([[0, offset]]));
    await consumer.stop();
    let committed: Map<number, number | undefined> | undefined;
    const next = log.consumer('orders', {
      ...handlers().all,
      onAssigned: (offsets) => Promise.resolve((committed = offsets)).then(() => new Map([[0, 100]])),
    });
    await next.start();
    await next.stop();
    t.same(committed, new Map([[0, 100]]));
  },
);

await t.test(
  'offsets whose commit failed are committed later, unless newer ones replaced them',
  async (t) => {
    const sent: Map<number, number>[] = [];
    const client = {
      on: () => undefined,
      off: () => undefined,
      call: (name: string, [, nextOffsets]: [string, Map<number, number>]) => {
        if (name === 'describe') return Promise.resolve([EMPTY_PARTITION, EMPTY_PARTITION]);
        if (name === 'fetch') return Promise.resolve({ batch: new Uint8Array(), ends: [0, 0] });
        if (name === 'commit') sent.push(nextOffsets);
        if (sent.length > 1) return Promise.resolve();
        consumer.commit(new Map([[0, 9]]));
        return Promise.reject(new Error('The disk is full.'));
      },
    };
    const consumer = new EmbeddedConsumer(
      client as unknown as LogClient,
      'orders',
      handlers().all,
      createLogger('silent'),
    );
    await consumer.start();
    consumer.commit(
      new Map([
        [0, 5],
        [1, 7],
      ]),
    );
    await eventually(() => sent.length === 1, { what: 'the commit that fails' });
    await consumer.stop();
    t.same(sent.slice(1), [
      new Map([
        [0, 9],
        [1, 7],
      ]),
    ]);
  },
);
