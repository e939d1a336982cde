import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { EventLog, OutgoingRecord } from '../../src/log/event-log.ts';
import { publishDeadLetters, PublishQueue } from '../../src/pipeline/publish.ts';

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
