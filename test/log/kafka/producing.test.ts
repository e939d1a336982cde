import t, { type Test } from 'tap';
import type kafka from 'node-rdkafka';
import type { Position } from '../../../src/base/position.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { KafkaOptions } from '../../../src/log/kafka/client-settings.ts';
import { PendingAppends } from '../../../src/log/kafka/pending-appends.ts';
import { createProducer, KafkaProducer } from '../../../src/log/kafka/producer.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { createTopicsOf, kafkaOptions } from './harness.ts';

const space = 'producing';
const record = { topic: TOPICS.commands, key: 'one', value: Buffer.from('0') };
/** Short enough for a frozen broker to be found out in a test. */
const IMPATIENT = {
  'socket.timeout.ms': '1000',
  'socket.connection.setup.timeout.ms': '1000',
  'api.version.request.timeout.ms': '1000',
};

async function startMock(t: Test): Promise<MockKafka> {
  const mock = await MockKafka.start();
  t.teardown(() => mock.stop());
  await createTopicsOf(mock, space);
  return mock;
}

async function startProducer(t: Test, mock: MockKafka, options: Partial<KafkaOptions> = {}) {
  const clients: kafka.Producer[] = [];
  const producer = new KafkaProducer(kafkaOptions(mock.brokers, space, options), (settings) => {
    const client = createProducer(settings);
    clients.push(client);
    return client;
  });
  await producer.start();
  t.teardown(() => producer.stop());
  return { producer, clients };
}

await t.test('a start that no broker answers says where it looked', async (t) => {
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { connectTimeoutMs: 300 }));
  await t.rejects(producer.start(), { code: 'log-unavailable', message: /127\.0\.0\.1:1/ });
  t.match(producer.fault(), /not open/);
  await t.rejects(producer.topics(), { code: 'log-unavailable' });
  await producer.stop();
});

await t.test('a setting that librdkafka does not know is named', async (t) => {
  const clientSettings = { 'sasl.mechanismus': 'PLAIN' };
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { clientSettings }));
  await t.rejects(producer.start(), { code: 'settings-invalid', message: /sasl\.mechanismus/ });
});

await t.test('settings that are impossible together are no matter of the network', async (t) => {
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { ackTimeoutMs: 1, lingerMs: 2 }));
  await t.rejects(producer.start(), { code: 'settings-invalid', message: /message\.timeout\.ms/ });
});

await t.test('a producer that is stopped while it connects does not open', async (t) => {
  const mock = await startMock(t);
  const producer = new KafkaProducer(kafkaOptions(mock.brokers, space));
  const starting = producer.start();
  await producer.stop();
  await t.rejects(starting, { code: 'log-unavailable' });
});

await t.test(
  'a frozen broker: appends time out, later ones are refused at once, until it is back',
  async (t) => {
    const mock = await startMock(t);
    const { producer } = await startProducer(t, mock, { ackTimeoutMs: 3000, clientSettings: IMPATIENT });
    await producer.append(record);
    await mock.freeze();
    t.teardown(() => mock.thaw());
    await t.rejects(producer.append(record), { code: 'log-timeout', message: /may or may not/ });
    await eventually(() => producer.fault() !== undefined, { what: 'the fault to be told' });
    t.match(producer.fault(), /All Kafka brokers are down since \d{4}-/);
    // One that was sent and waited for in vain would be a timeout.
    await t.rejects(producer.append(record), { code: 'log-unavailable', retryAfter: 1 });
    mock.thaw();
    await eventually(() => producer.fault() === undefined, { what: 'the recovery' });
    t.match(await producer.append(record), { partition: /\d/, offset: /\d/ });
  },
);

await t.test('a killed broker: stop() does not hang and settles what is in flight', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock, { ackTimeoutMs: 2000 });
  await producer.append(record);
  await mock.freeze();
  const outcomes = Promise.allSettled([producer.append(record), producer.append(record)]);
  await mock.stop();
  const asked = performance.now();
  await Promise.all([producer.stop(), producer.stop()]);
  t.ok(performance.now() - asked < 30_000);
  for (const outcome of await outcomes)
    t.match(outcome, { status: 'rejected', reason: { code: 'log-timeout' } });
  t.equal(producer.pending, 0);
});

await t.test('what has no report when the time is up is rejected, not forgotten', async (t) => {
  const pending = new PendingAppends();
  const outcome = new Promise<Position>((resolve, reject) => {
    t.equal(pending.add({ topic: TOPICS.commands, resolve, reject }), 0);
  });
  const drained = pending.drained();
  pending.rejectAll(({ topic }) => new Error(`${topic} has no report`));
  await t.rejects(outcome, { message: 'orders.commands has no report' });
  await drained;
  t.equal(pending.count, 0);
  t.equal(pending.take(0), undefined);
});

await t.test('more appends in flight than may be are refused, by number', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock, { maxPendingRecords: 10 });
  const commands = Array.from({ length: 9 }, () => producer.append(record));
  await t.rejects(producer.append(record), { code: 'log-full', retryAfter: 1 });
  const status = { ...record, topic: TOPICS.status };
  const last = producer.append(status);
  t.equal(producer.pending, 10, 'the last place is for what becomes of orders');
  await t.rejects(producer.append(status), { code: 'log-full' });
  t.equal((await Promise.all([...commands, last])).length, 10);
});

await t.test('more appends in flight than may be are refused, by bytes', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock, { maxPendingBytes: 100_000 });
  const large = { ...record, value: Buffer.alloc(40_000) };
  const appends = Array.from({ length: 2 }, () => producer.append(large));
  await t.rejects(producer.append(large), { code: 'log-full', retryAfter: 1 });
  t.equal((await Promise.all(appends)).length, 2);
});

await t.test('a record larger than Kafka takes is refused for good', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock);
  const huge = { ...record, value: Buffer.alloc(2_000_000) };
  await t.rejects(producer.append(huge), { code: 'record-too-large', message: /orders\.commands/ });
  t.equal(producer.pending, 0);
});

await t.test('a name no topic can have is refused', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock);
  await t.rejects(producer.append({ ...record, topic: 'x'.repeat(600) }), { code: /log-/ });
});

await t.test('after a fatal error of librdkafka a new producer takes over', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock);
  const before = await producer.append(record);
  clients[0]?.emit('event.error', { message: 'fatal error' });
  t.match(producer.fault(), /fatal/);
  await t.rejects(producer.append(record), { code: 'log-unavailable' });
  await eventually(() => producer.fault() === undefined, { what: 'the new producer' });
  t.equal(clients.length, 2);
  t.equal((await producer.append(record)).offset, before.offset + 1);
});

await t.test('a producer can be stopped while it is made anew', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock, { connectTimeoutMs: 1000 });
  await mock.stop();
  clients[0]?.emit('event.error', { message: 'fatal error' });
  await eventually(() => clients.length >= 3, { what: 'two attempts' });
  await producer.stop();
  t.match(producer.fault(), /not open/);
});
