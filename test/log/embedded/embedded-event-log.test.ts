import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { ConsumerHandlers } from '../../../src/log/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { newLog, openLog } from './support.ts';

const record = (key: string, value = 'value') => ({ topic: 'orders', key, value: Buffer.from(value) });

/** Handlers that read from where the group is, and keep what they are told. */
function handlers(more: Partial<ConsumerHandlers> = {}) {
  const seen = { records: [] as LogRecord[], revoked: [] as number[][], failures: [] as Error[] };
  const all: ConsumerHandlers = {
    onAssigned: (committed) =>
      Promise.resolve(
        new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest'])),
      ),
    onRevoked: async (partitions) => void seen.revoked.push(partitions),
    onRecords: (records) => void seen.records.push(...records),
    onFailed: (error) => void seen.failures.push(error),
    ...more,
  };
  return { seen, all };
}

/** A logger that keeps its lines. */
function keepingLogger() {
  const lines: string[] = [];
  return { lines, logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }) };
}

await t.test('a directory that cannot be made fails the start and leaves nothing running', async (t) => {
  const dataDirectory = join(t.testdir({ taken: 'a file' }), 'taken', 'data');
  const log = newLog({ dataDirectory });
  await t.rejects(log.start(), { code: 'log-unavailable', message: /taken/ });
  await t.rejects(log.append(record('a')), { code: 'log-unavailable', message: /not open/ });
  await log.stop();
});

await t.test('what is appended while the log closes is refused', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  const appending = log.append(record('a'));
  const stopping = log.stop();
  await t.rejects(log.append(record('b')), { code: 'log-unavailable', message: /closing/ });
  t.match(await appending, { offset: 0 });
  await stopping;
});

await t.test('the oldest record of a key is found, with its place and its bytes', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  const position = await log.append(record('a', 'one'));
  await log.append(record('a', 'two'));
  t.match(await log.find('orders', 'a'), { ...position, key: Buffer.from('a'), value: Buffer.from('one') });
  t.equal(await log.find('orders', 'b'), undefined);
});

await t.test(
  'a log that is full refuses whole groups and takes more once records are consumed',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir(), maxFileBytes: 1_000_000, retentionMs: 200 });
    const value = 'x'.repeat(5000);
    const fill = async () => {
      for (;;) await Promise.all(Array.from({ length: 10 }, (_, n) => log.append(record(`key-${n}`, value))));
    };
    await t.rejects(fill(), { code: 'log-full', retryAfter: 1, message: /let the consumers catch up/ });
    t.equal(log.fault(), undefined, 'being full is no fault');
    const { seen, all } = handlers({
      onRecords: (records) => {
        seen.records.push(...records);
        consumer.commit(new Map(records.map(({ partition, offset }) => [partition, offset + 1])));
      },
    });
    const consumer = log.consumer('orders', all);
    await consumer.start();
    const takes = () =>
      log.append(record('again', value)).then(
        () => true,
        () => false,
      );
    await eventually(takes, { what: 'the log to take records again' });
    await consumer.stop();
    t.same(seen.failures, []);
  },
);

await t.test(
  'a resumed partition is read at once, whether others were read meanwhile or none was',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir(), partitions: 2 });
    const keyOf: string[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e']) keyOf[(await log.append(record(key))).partition] = key;
    const { seen, all } = handlers();
    const consumer = log.consumer('orders', all);
    consumer.pause([0, 1]);
    await consumer.start();
    t.same(seen.records, [], 'nothing is read while all are paused');
    consumer.resume([0, 1]);
    await eventually(() => seen.records.length === 5, { what: 'what was there' });
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

await t.test('lag is what the group has still to do', async (t) => {
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

await t.test('a backlog of one partition does not keep the others waiting', async (t) => {
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

await t.test('offsets that are missing in the answer to onAssigned are taken from the group', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  await log.append(record('a'));
  const { seen, all } = handlers({ onAssigned: () => Promise.resolve(new Map()) });
  const consumer = log.consumer('orders', all);
  await consumer.start();
  await eventually(() => seen.records.length === 1, { what: 'the record' });
  await consumer.stop();
});

await t.test(
  'a position beyond the end is a log that lost its end: the consumer says so and reads nothing',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir() });
    await log.append(record('a'));
    const { seen, all } = handlers({ onAssigned: () => Promise.resolve(new Map([[0, 500]])) });
    const consumer = log.consumer('orders', all);
    await consumer.start();
    await consumer.stop();
    t.match(seen.failures, [{ code: 'log-truncated', message: /Offset 500 of orders\/0 was processed/ }]);
    t.same(seen.records, []);
  },
);

await t.test(
  'a consumer that is stopped while it is being assigned reads nothing and gives everything back',
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

await t.test('offsets noted while others are written are written at the latest by stop()', async (t) => {
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
});

await t.test(
  'when its thread dies, everything that waits is told and later appends are refused',
  async (t) => {
    const { lines, logger } = keepingLogger();
    const threadEntry = new URL('./fixtures/dying-thread.js', import.meta.url);
    const log = await openLog(t, { dataDirectory: t.testdir(), threadEntry, logger });
    const reading = handlers();
    const paused = handlers();
    const readingConsumer = log.consumer('orders', reading.all);
    const pausedConsumer = log.consumer('orders', paused.all);
    await readingConsumer.start();
    pausedConsumer.pause([0, 1, 2, 3]);
    await pausedConsumer.start();
    await log.follow('orders', () => undefined);
    const ended = await log.follow('orders', () => undefined);
    await ended.stop();

    const looking = log.find('orders', 'die');
    const sent = log.append(record('sent'));
    await t.resolves(looking);
    const waiting = log.append(record('waiting'));
    await t.rejects(sent, { code: 'log-timeout', message: /told to die.*may be done or not/ });
    await t.rejects(waiting, { code: 'log-timeout' });
    await t.rejects(log.append(record('late')), { code: 'log-unavailable', message: /told to die/ });
    t.match(log.fault(), /thread of the event log .* died: told to die/);
    t.equal(log.pendingAppends(), 0);
    t.match(reading.seen.failures, [{ code: 'log-timeout' }]);
    t.match(paused.seen.failures, [{ code: 'log-timeout' }]);

    readingConsumer.commit(new Map([[0, 1]]));
    await readingConsumer.stop();
    await pausedConsumer.stop();
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    t.ok(messages.includes('The event log died'));
    t.equal(messages.filter((message) => message === 'Following ended').length, 1);
    t.ok(messages.some((message) => message.startsWith('Offsets were not committed')));
  },
);
