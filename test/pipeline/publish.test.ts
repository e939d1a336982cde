import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { EventLog, OutgoingRecord } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { FailurePolicy } from '../../src/pipeline/failure-policy.ts';
import {
  publishDeadLetters,
  PublishQueue,
  publishResult,
  publishToFeed,
} from '../../src/pipeline/publish.ts';
import { HistoryFeed } from '../../src/status/history-feed.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import { eventually } from '../../tools/support/eventually.ts';

await t.test(
  'a copy too large for the log is appended without its value, then without its key, and says so',
  async (t) => {
    const appended: OutgoingRecord[] = [];
    const log: Pick<EventLog, 'append'> = {
      append(record) {
        if ((record.key?.length ?? 0) + (record.value?.length ?? 0) > 1_000) {
          return Promise.reject(new ServiceError('record-too-large', 'More than 1000 bytes.'));
        }
        appended.push(record);
        return Promise.resolve({ partition: 0, offset: appended.length });
      },
    };
    const deadLetter = (size: number, keySize = 1) => ({
      partition: 0,
      offset: size,
      timestamp: 0,
      key: Buffer.alloc(keySize),
      value: Buffer.alloc(size),
      headers: { 'x-dlq-reason': 'record-undecodable' },
    });
    const deadLetters = [deadLetter(2_000), deadLetter(10), deadLetter(7, 3_000)];
    await publishDeadLetters(log, encodeRecordFrame(deadLetters), createLogger('silent'));
    t.match(
      appended
        .map(({ key, value, headers }) => [
          [key?.length, headers?.['x-dlq-key-left-out-bytes']],
          [value?.length, headers?.['x-dlq-value-left-out-bytes']],
        ])
        .sort(),
      [
        [
          [1, undefined],
          [10, undefined],
        ],
        [
          [1, undefined],
          [undefined, '2000'],
        ],
        [
          [undefined, '3000'],
          [undefined, '7'],
        ],
      ].sort(),
    );
    const broken: Pick<EventLog, 'append'> = {
      append: () => Promise.reject(new ServiceError('log-full', 'Full.')),
    };
    await t.rejects(publishDeadLetters(broken, encodeRecordFrame([deadLetter(1)]), createLogger('silent')), {
      code: 'log-full',
    });
  },
);

await t.test('work runs one at a time and in order; `begin` waits only for the previous work', async (t) => {
  const publishQueue = new PublishQueue();
  const events: string[] = [];
  const finish: (() => void)[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} began`);
    await new Promise<void>((resolve) => finish.push(resolve));
    events.push(`${name} ended`);
  };
  await publishQueue.begin(work('first'));
  const second = publishQueue.begin(work('second')).then(() => events.push('the lane continues'));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(events, ['first began']);
  finish[0]?.();
  await second;
  t.same(events, ['first began', 'first ended', 'second began', 'the lane continues']);
  finish[1]?.();
  await publishQueue.done();
  t.equal(events.at(-1), 'second ended');
});

await t.test('nothing begins after work that failed', async (t) => {
  const publishQueue = new PublishQueue();
  await publishQueue.begin(() => Promise.reject(new Error('stopped')));
  let hasBegun = false;
  await t.rejects(
    publishQueue.begin(() => {
      hasBegun = true;
      return Promise.resolve();
    }),
    { message: 'stopped' },
  );
  t.notOk(hasBegun);
  await t.rejects(publishQueue.done(), { message: 'stopped' });
});

await t.test(
  'lanes that wait for a failing log and for each other all publish once the log works',
  async (t) => {
    const logger = createLogger('silent');
    const metrics = createMetrics();
    const codec = createEventCodec();
    const { signal } = new AbortController();
    const hub = new StatusHub({ codec, maxWatchers: 1, logger });
    const feed = new HistoryFeed({
      ...{ hub, codec, backlog: 1 },
      reader: { latestChanges: () => Promise.resolve([]) },
    });
    await feed.start({ beginEpoch: (id) => Promise.resolve([{ id, firstSequence: 1 }]) });
    const breaker = { failures: 1, openMs: 5 };
    const clocks = { clock: Date.now, monotonicClock: () => performance.now() };
    const failurePolicy = new FailurePolicy({ breaker, ...clocks, signal, metrics, logger });
    let failures = 3;
    const log: Pick<EventLog, 'append'> = {
      append: () =>
        failures-- > 0
          ? Promise.reject(new ServiceError('log-full', 'Full.'))
          : Promise.resolve({ partition: 0, offset: 0 }),
    };
    const lane = (name: string) => ({ name, log, publish: publishToFeed(feed), failurePolicy, logger });
    const change = (sequence: number) => {
      const value = codec.encodeStatusChange({
        ...{ orderId: `o-${sequence}`, customerId: 'c', merchantId: 'm', status: 'confirmed', version: 1 },
        ...{ at: 0, reason: null, cause: { partition: 0, offset: sequence } },
      });
      const key = Buffer.from(`o-${sequence}`);
      return { partition: 0, offset: sequence, timestamp: 0, key, value: Buffer.from(value) };
    };
    const none = encodeRecordFrame([]);
    const deadLetters = encodeRecordFrame([{ ...change(1), value: Buffer.from('broken') }]);

    const first = publishResult({ statuses: none, deadLetters }, lane('lane 0')).then(() =>
      publishResult({ statuses: encodeRecordFrame([change(1)]), deadLetters: none }, lane('lane 0')),
    );
    await eventually(() => !failurePolicy.breakers.log.isClosed, { what: 'the circuit of the log to open' });
    const second = publishResult({ statuses: encodeRecordFrame([change(2)]), deadLetters }, lane('lane 1'));
    let isPublished = false;
    const published = Promise.all([first, second]).then(() => (isPublished = true));
    await eventually(() => isPublished, { what: 'both lanes to publish' });
    await published;
    t.equal(failures < 0, true, 'the log failed at first');
  },
);

await t.test('a failed attempt ends only when all its appends have ended', async (t) => {
  const settle: (() => void)[] = [];
  const log: Pick<EventLog, 'append'> = {
    append: ({ key }) =>
      key === null
        ? Promise.reject(new ServiceError('log-full', 'Full.'))
        : new Promise((resolve) => settle.push(() => resolve({ partition: 0, offset: 0 }))),
  };
  const deadLetter = { partition: 0, offset: 0, timestamp: 0, key: null, value: Buffer.from('broken') };
  const frame = encodeRecordFrame([deadLetter, { ...deadLetter, offset: 1, key: Buffer.from('o') }]);
  let hasEnded = false;
  const attempt = publishDeadLetters(log, frame, createLogger('silent')).finally(() => (hasEnded = true));
  attempt.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(hasEnded, false, 'a retry would run in parallel with the append that goes on');
  settle[0]?.();
  await t.rejects(attempt, { code: 'log-full' });
});
