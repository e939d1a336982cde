import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { type StartOver, TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { kafkaAdmin } from '../../support/kafka-admin.ts';
import { kafkaBrokers } from '../../support/kafka-environment.ts';
import { freshSpace, keys } from '../conformance/traffic.ts';
import { kafkaOptions } from './harness.ts';

t.setTimeout(120_000);

const brokers = kafkaBrokers();
const WAIT_MS = 60_000;
const REFRESH = { 'topic.metadata.refresh.interval.ms': '300' };

async function open(t: Test, space = freshSpace(), partitions = 2) {
  const lines = new PassThrough();
  const logger = pino(lines);
  const options = { partitions, logger, clientSettings: REFRESH, ackTimeoutMs: 20_000 };
  const log = new KafkaEventLog(kafkaOptions(brokers, space, options));
  await log.start();
  t.teardown(() => log.stop());
  let written = '';
  lines.on('data', (chunk: Buffer) => (written += String(chunk)));
  const errors = () =>
    written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { level: number; msg: string })
      .filter(({ level }) => level >= 50)
      .map(({ msg }) => msg);
  return { log, space, errors, nameOf: (topic: string) => `${space}.${topic}` };
}

async function follow(t: Test, log: KafkaEventLog) {
  const records: LogRecord[] = [];
  const started: [number, number][] = [];
  const startedOver: { why: StartOver; positions: [number, number][]; after: number }[] = [];
  const follower = await log.follow(TOPICS.status, (chunk) => records.push(...chunk), {
    onStart: (positions) => started.push(...positions),
    onStartOver: (positions, why) => {
      startedOver.push({ why, positions: [...positions], after: records.length });
      return Promise.resolve();
    },
  });
  t.teardown(() => follower.stop());
  const values = () => records.map(({ value }) => String(value));
  const received = (count: number) =>
    eventually(() => records.length >= count, { what: `${count} records`, timeoutMs: WAIT_MS });
  return { records, started, startedOver, values, received };
}

async function append(log: KafkaEventLog, topic: string, name: string, count = 20) {
  const values = Array.from({ length: count }, (_, index) => `${name} ${index}`);
  const positions = await Promise.all(
    values.map((value, index) =>
      log.append({ topic, key: keys(count)[index] ?? '', value: Buffer.from(value) }),
    ),
  );
  return { values, partitions: new Set(positions.map(({ partition }) => partition)) };
}

await t.test('a follower reads partitions that are added, from their first record', async (t) => {
  const { log, nameOf, space } = await open(t);
  const reading = await follow(t, log);
  const before = await append(log, TOPICS.status, 'before');
  await reading.received(20);
  await kafkaAdmin(t, brokers).grow(nameOf(TOPICS.status), 5);
  // Another process sees the new partitions at once, before this follower has looked.
  const { log: other } = await open(t, space);
  let after = await append(other, TOPICS.status, 'after');
  let expected = 40;
  while (after.partitions.size < 5) {
    after = await append(other, TOPICS.status, 'after');
    expected += 20;
  }
  await reading.received(expected);
  t.equal(reading.records.length, expected, 'each record once');
  t.same(new Set(reading.records.map(({ partition }) => partition)), new Set([0, 1, 2, 3, 4]));
  t.same(reading.started.slice(2).toSorted(), [
    [2, 0],
    [3, 0],
    [4, 0],
  ]);
  t.same(reading.startedOver, []);
  t.equal(before.partitions.size, 2);
});

await t.test('a follower starts over when its topic is deleted and created again', async (t) => {
  for (const fate of ['empty', 'filled at once', 'overtaken'] as const) {
    const { log, nameOf, errors, space } = await open(t);
    const reading = await follow(t, log);
    await append(log, TOPICS.status, 'old');
    await reading.received(20);
    const admin = kafkaAdmin(t, brokers);
    await admin.delete(nameOf(TOPICS.status));
    if (fate === 'overtaken') {
      // Then only the missing topic tells: its new offsets will be beyond the old ones.
      await eventually(() => errors().some((line) => line.includes('no such topic')), {
        what: 'the deletion to be noticed',
        timeoutMs: WAIT_MS,
      });
    }
    await admin.create(nameOf(TOPICS.status), 2);
    if (fate === 'empty') {
      // Then only the end of the new topic tells.
      await eventually(() => reading.startedOver.length > 0, { what: 'the new topic', timeoutMs: WAIT_MS });
    }
    const { log: other } = await open(t, space);
    const { values } = await append(other, TOPICS.status, 'new', fate === 'overtaken' ? 60 : 10);
    await reading.received(20 + values.length);
    t.same(reading.values().slice(20).toSorted(), values.toSorted(), 'all records of the new topic, once');
    t.match(reading.startedOver, [
      {
        why: 'new-topic',
        positions: [
          [0, 0],
          [1, 0],
        ],
        after: 20,
      },
    ]);
    t.match(errors().join(), /deleted and created again/);
  }
});

await t.test('appends to a deleted topic are refused at once, and the topic is named', async (t) => {
  const { log, nameOf, errors, space } = await open(t);
  const name = nameOf(TOPICS.commands);
  await append(log, TOPICS.commands, 'kept');
  const admin = kafkaAdmin(t, brokers);
  await admin.delete(name);
  await eventually(() => log.readinessProblem()?.includes(name) === true, {
    what: 'the deletion to be noticed',
    timeoutMs: 10_000,
  });
  const startedAt = performance.now();
  const record = { topic: TOPICS.commands, key: 'a', value: Buffer.from('1') };
  await t.rejects(log.append(record), { code: 'log-unavailable', message: new RegExp(`no topic ${name}`) });
  t.ok(performance.now() - startedAt < 1_000);
  await log.append({ ...record, topic: TOPICS.status });
  t.match(errors().join(), new RegExp(`no topic ${name}`));

  await admin.create(name, 2);
  await eventually(() => log.readinessProblem()?.includes('created again') === true, {
    what: 'the new topic to be noticed',
    timeoutMs: WAIT_MS,
  });
  await t.rejects(log.append(record), { code: 'log-unavailable' }, 'workers would skip its first records');
  const { log: restarted } = await open(t, space);
  t.equal(restarted.readinessProblem(), undefined);
  await restarted.append(record);
});

await t.test('a deleted topic is not created again by a broker that creates topics on demand', async (t) => {
  const { log, nameOf } = await open(t);
  await append(log, TOPICS.deadLetters, 'kept', 1);
  await kafkaAdmin(t, brokers).delete(nameOf(TOPICS.deadLetters));
  await eventually(() => log.readinessProblem()?.includes(nameOf(TOPICS.deadLetters)) === true, {
    what: 'the deletion to be noticed',
    timeoutMs: 10_000,
  });
  const append2 = log.append({ topic: TOPICS.deadLetters, key: 'a', value: Buffer.from('1') });
  await t.rejects(append2, { code: 'log-unavailable' });
});
