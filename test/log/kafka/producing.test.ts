import { once } from 'node:events';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import type kafka from 'node-rdkafka';
import { type Position, UNKNOWN_OFFSET } from '../../../src/base/position.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { KafkaOptions } from '../../../src/log/kafka/client-settings.ts';
import { ERROR_TEXT } from '../../../src/log/kafka/errors.ts';
import { PendingAppends } from '../../../src/log/kafka/pending-appends.ts';
import { createProducer } from '../../../src/log/kafka/client-calls.ts';
import { KafkaProducer } from '../../../src/log/kafka/producer.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { waitUntil } from '../../../tools/support/wait-until.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { createTopicsOf, kafkaOptions } from './harness.ts';

const space = 'producing';
const record = { topic: TOPICS.commands, key: 'one', value: Buffer.from('0') };
/** Short timeouts, so that a test notices a frozen broker. */
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

async function startProducer(
  t: Test,
  mock: MockKafka,
  options: Partial<KafkaOptions> = {},
  clock = { wasSetBack: () => false },
) {
  const clients: kafka.Producer[] = [];
  const createClient = (settings: KafkaOptions) => {
    const client = createProducer(settings);
    clients.push(client);
    return client;
  };
  const producer = new KafkaProducer(kafkaOptions(mock.brokers, space, options), createClient, () => clock);
  await producer.start();
  t.teardown(() => producer.stop());
  return { producer, clients };
}

/** They are never answered. */
async function acceptConnectionsAt(t: Test, brokers: string): Promise<void> {
  const server = createServer();
  t.teardown(() => server.close());
  server.on('connection', (socket) => t.teardown(() => socket.destroy()));
  server.listen(Number(brokers.split(':').at(-1)), '127.0.0.1');
  await once(server, 'listening');
}

await t.test('a start without an answer names the brokers', async (t) => {
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { connectTimeoutMs: 300 }));
  await t.rejects(producer.start(), { code: 'log-unavailable', message: /127\.0\.0\.1:1/ });
  t.match(producer.readinessProblem(), /not open/);
  await t.rejects(producer.metadata(true), { code: 'log-unavailable' });
  await producer.stop();
});

await t.test('an error names the setting that librdkafka does not know', async (t) => {
  const clientSettings = { 'sasl.mechanismus': 'PLAIN' };
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { clientSettings }));
  await t.rejects(producer.start(), { code: 'settings-invalid', message: /sasl\.mechanismus/ });
});

await t.test('contradicting settings are reported as invalid, not as a network problem', async (t) => {
  const producer = new KafkaProducer(kafkaOptions('127.0.0.1:1', space, { ackTimeoutMs: 1, lingerMs: 2 }));
  await t.rejects(producer.start(), { code: 'settings-invalid', message: /message\.timeout\.ms/ });
});

await t.test('a producer stopped while it connects does not open', async (t) => {
  const mock = await startMock(t);
  const producer = new KafkaProducer(kafkaOptions(mock.brokers, space));
  const starting = producer.start();
  await producer.stop();
  await t.rejects(starting, { code: 'log-unavailable' });
});

await t.test(
  'with a frozen broker appends time out and later ones are refused at once, until it is back',
  async (t) => {
    const mock = await startMock(t);
    const { producer } = await startProducer(t, mock, { ackTimeoutMs: 3000, clientSettings: IMPATIENT });
    await producer.append(record);
    await mock.freeze();
    t.teardown(() => mock.thaw());
    await t.rejects(producer.append(record), { code: 'log-timeout', message: /may or may not/ });
    await eventually(() => producer.readinessProblem() !== undefined, { what: 'the readiness problem' });
    t.match(producer.readinessProblem(), /All Kafka brokers have been down since \d{4}-/);
    await t.rejects(producer.append(record), { code: 'log-unavailable', retryAfter: 1 });
    mock.thaw();
    await eventually(() => producer.readinessProblem() === undefined, { what: 'the recovery' });
    t.match(await producer.append(record), { partition: /\d/, offset: /\d/ });
  },
);

await t.test('with a killed broker stop() does not hang, and settles the appends in flight', async (t) => {
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

const unsent = { topic: TOPICS.commands, partition: undefined, bytes: 1, unsent: record, group: undefined };

await t.test('rejectAll() rejects appends without a delivery report', async (t) => {
  const pending = new PendingAppends(() => undefined);
  const outcome = new Promise<Position>((resolve, reject) => {
    t.equal(pending.add({ ...unsent, resolve, reject }), 0);
  });
  const drained = pending.drained();
  pending.rejectAll(() => new Error('It has no report.'));
  await t.rejects(outcome, { message: 'It has no report.' });
  await drained;
  pending.stopPolling();
  t.equal(pending.count, 0);
  t.equal(pending.take(0), undefined);
});

await t.test('appends beyond the limit of records in flight are refused', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock, { maxPendingRecords: 10 });
  const commands = Array.from({ length: 9 }, () => producer.append(record));
  await t.rejects(producer.append(record), { code: 'log-full', retryAfter: 1 });
  const status = { ...record, topic: TOPICS.status };
  const last = producer.append(status);
  t.equal(producer.pending, 10, 'commands leave room for status events');
  await t.rejects(producer.append(status), { code: 'log-full' });
  t.equal((await Promise.all([...commands, last])).length, 10);
});

await t.test('appends beyond the limit of bytes in flight are refused', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock, { maxPendingBytes: 100_000 });
  const large = { ...record, value: Buffer.alloc(40_000) };
  const appends = Array.from({ length: 2 }, () => producer.append(large));
  await t.rejects(producer.append(large), { code: 'log-full', retryAfter: 1 });
  t.equal((await Promise.all(appends)).length, 2);
});

await t.test('a record larger than Kafka accepts is refused for good', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock);
  const huge = { ...record, value: Buffer.alloc(2_000_000) };
  await t.rejects(producer.append(huge), { code: 'record-too-large', message: /orders\.commands/ });
  t.equal(producer.pending, 0);
});

await t.test(
  'a record that is acknowledged without an offset was appended, and others can follow',
  async (t) => {
    const mock = await startMock(t);
    const { producer, clients } = await startProducer(t, mock);
    const { partition } = await producer.append(record);
    const appending = producer.append(record);
    // So librdkafka reports a request that was repeated after its answer was lost.
    clients[0]?.emit('delivery-report', null, { topic: '', opaque: 0, partition, offset: -1001 });
    t.same(await appending, { partition, offset: UNKNOWN_OFFSET });
    t.equal(producer.readinessProblem(), undefined);
    t.match(await producer.append(record), { partition });
  },
);

await t.test('an impossible topic name is refused', async (t) => {
  const mock = await startMock(t);
  const { producer } = await startProducer(t, mock);
  await t.rejects(producer.append({ ...record, topic: 'x'.repeat(600) }), { code: /log-/ });
});

await t.test('after a fatal error a new librdkafka producer takes over', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock);
  const before = await producer.append(record);
  clients[0]?.emit('event.error', { message: 'fatal error' });
  t.match(producer.readinessProblem(), /fatal/);
  await t.rejects(producer.append(record), { code: 'log-unavailable' });
  await eventually(() => producer.readinessProblem() === undefined, { what: 'the new producer' });
  t.equal(clients.length, 2);
  t.equal((await producer.append(record)).offset, before.offset + 1);
});

await t.test(
  'a producer is replaced after the clock was set back while no broker could be reached',
  async (t) => {
    const mock = await startMock(t);
    let isSetBack = false;
    const clock = { wasSetBack: () => isSetBack };
    const { producer, clients } = await startProducer(t, mock, { connectTimeoutMs: 1000 }, clock);
    await mock.stop();
    clients[0]?.emit('event.error', { message: ERROR_TEXT.allBrokersDown });
    t.match(producer.readinessProblem(), /brokers have been down/);
    isSetBack = true;
    await eventually(() => /being replaced/.test(producer.readinessProblem() ?? ''), {
      what: 'the replacement',
    });
    const isPausing = waitUntil(() => clients.length > 1, { deadlineMs: 1_000 });
    t.equal(await isPausing, false, 'no client is created while no broker can be reached');
    await acceptConnectionsAt(t, mock.brokers);
    await eventually(() => clients.length > 1, { what: 'a new client' });
  },
);

await t.test('a producer that cannot be closed is left behind when it is replaced', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock);
  const [first] = clients;
  if (first === undefined) throw new Error('There is no client.');
  const disconnect = first.disconnect.bind(first);
  t.teardown(() => new Promise<void>((resolve) => void disconnect(() => resolve())));
  first.disconnect = () => first;
  first.emit('event.error', { message: ERROR_TEXT.fatal });
  await eventually(() => clients.length > 1 && producer.readinessProblem() === undefined, {
    what: 'the new client',
  });
  await producer.append({ topic: TOPICS.commands, key: 'one', value: Buffer.from('later') });
});

await t.test('a producer can be stopped while it is being replaced', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock, { connectTimeoutMs: 1000 });
  await mock.stop();
  await acceptConnectionsAt(t, mock.brokers);
  clients[0]?.emit('event.error', { message: 'fatal error' });
  await eventually(() => clients.length >= 3, { what: 'two attempts' });
  await producer.stop();
  t.match(producer.readinessProblem(), /not open/);
});

await t.test('the brokers recognize a repeated request, also of a producer that takes over', async (t) => {
  const mock = await startMock(t);
  const { producer, clients } = await startProducer(t, mock, {
    clientSettings: { 'statistics.interval.ms': '50' },
  });
  // librdkafka's own report. Without a producer id, a request repeated after a lost answer appends its records twice.
  const producerId = async (client: kafka.Producer | undefined) => {
    let id = -1;
    client?.on('event.stats', ({ message }: { message: string }) => {
      const { eos } = JSON.parse(message) as { eos?: { producer_id: number } };
      id = eos?.producer_id ?? -1;
    });
    return waitUntil(() => id >= 0, { deadlineMs: 5_000 });
  };
  t.ok(await producerId(clients[0]));
  clients[0]?.emit('event.error', { message: 'fatal error' });
  await eventually(() => producer.readinessProblem() === undefined, { what: 'the new producer' });
  t.ok(await producerId(clients[1]));
});
