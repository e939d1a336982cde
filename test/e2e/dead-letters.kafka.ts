import kafka, { type LibrdKafkaError, type Message } from 'node-rdkafka';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const fixture = (name: string) => new URL(`../../../test/fixtures/${name}`, import.meta.url).pathname;
const UNSTEADY = fixture('unsteady-processor.mjs');
const MENDABLE = fixture('mendable-processor.mjs');

/** The first matching copy; a copy may be written more than once. */
async function findCopy(
  copies: readonly Message[],
  isMatch: (copy: Message) => boolean,
): Promise<Message | undefined> {
  await eventually(() => copies.some(isMatch), { what: 'its copy', timeoutMs: 60_000 });
  return copies.find(isMatch);
}

/** Everything in a topic, read by an independent client. */
async function readTopic(t: Test, brokers: string, topic: string): Promise<Message[]> {
  const messages: Message[] = [];
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': `reader-of-${topic}`, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  await new Promise<void>((resolve) => {
    consumer.on('ready', () => resolve());
    consumer.connect();
  });
  t.teardown(() => new Promise<void>((resolve) => consumer.disconnect(() => resolve())));
  consumer.on('data', (message) => messages.push(message));
  consumer.subscribe([topic]);
  consumer.consume();
  return messages;
}

async function produceRaw(brokers: string, topic: string, key: Buffer | null, value: Buffer): Promise<void> {
  const producer = new kafka.Producer({ 'bootstrap.servers': brokers, dr_cb: true });
  await new Promise<void>((resolve) => {
    producer.on('ready', () => resolve());
    producer.connect();
  });
  producer.setPollInterval(10);
  const delivered = new Promise<void>((resolve, reject) => {
    producer.on('delivery-report', (error: LibrdKafkaError | null) =>
      error === null ? resolve() : reject(new Error(error.message)),
    );
  });
  producer.produce(topic, null, value, key);
  await delivered;
  await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
}

function headersOf(message: Message | undefined): Record<string, string> {
  return Object.fromEntries(
    (message?.headers ?? []).flatMap((header) =>
      Object.entries(header).map(([name, value]) => [name, String(value)]),
    ),
  );
}

await t.test('every dead letter is copied to orders.dlq byte for byte, with its reason', async (t) => {
  const environment = kafkaEnvironment(await temporaryFolder(t));
  const {
    KAFKA_BROKERS: brokers = '',
    KAFKA_TOPIC_PREFIX: prefix = '',
    KAFKA_GROUP_ID: group = '',
  } = environment;
  const service = await ServiceProcess.start('all', {
    ...environment,
    PROCESSOR: UNSTEADY,
    RETRY_MAX_ATTEMPTS: '2',
    RETRY_BASE_MS: '50',
  });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  const copies = await readTopic(t, brokers, `${prefix}orders.dlq`);
  const commands = await readTopic(t, brokers, `${prefix}orders.commands`);

  await t.test('a permanent failure', async (t) => {
    const { body } = await client.place(anOrder({ merchantId: 'poison' }));
    const isCommand = ({ key }: Message) => String(key) === body.id;
    await eventually(() => commands.some(isCommand), { what: 'its record', timeoutMs: 60_000 });
    const command = commands.find(isCommand);
    const copy = await findCopy(copies, isCommand);
    t.same(copy?.value, command?.value);
    t.match(headersOf(copy), {
      '__dlq.errors.topic': `${prefix}orders.commands`,
      '__dlq.errors.partition': String(command?.partition),
      '__dlq.errors.offset': String(command?.offset),
      '__dlq.errors.group': group,
      '__dlq.errors.delivery.count': '1',
      '__dlq.errors.message': 'no such dish',
      'x-dlq-reason': 'processor-failed',
      'x-dlq-first-failed-at': /^\d{4}-/,
      'x-dlq-failed-at': /Z$/,
      'x-dlq-replay-count': '0',
      'kafka_dlt-original-topic': `${prefix}orders.commands`,
    });
    t.match((await client.order(body.id)).body, { status: 'failed', version: 1 });
  });

  await t.test('an undecodable record', async (t) => {
    const value = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    await produceRaw(brokers, `${prefix}orders.commands`, null, value);
    const copy = await findCopy(copies, ({ key }) => (key ?? null) === null);
    t.same(copy?.value, value);
    t.match(headersOf(copy), { 'x-dlq-reason': 'record-undecodable' });
  });

  await t.test('exhausted retries', async (t) => {
    const { body } = await client.place(anOrder({ merchantId: 'transient-600000' }));
    const copy = await findCopy(copies, ({ key }) => String(key) === body.id);
    t.match(headersOf(copy), {
      'x-dlq-reason': 'retries-exhausted',
      '__dlq.errors.delivery.count': '2',
      '__dlq.errors.message': 'the kitchen is away',
    });
  });
});

await t.test('a retrying order is taken over by the next owner of its partition', async (t) => {
  const { merchantId, mend } = await mendableFault(t, 'away');
  const environment = {
    ...kafkaEnvironment(await temporaryFolder(t)),
    PROCESSOR: MENDABLE,
    RETRY_BASE_MS: '100',
    RETRY_CAP_MS: '500',
    RETRY_MAX_ATTEMPTS: '100000',
  };
  const api = await ServiceProcess.start('api', environment);
  t.teardown(() => api.kill());
  const first = await ServiceProcess.start('worker', environment);
  t.teardown(() => first.kill());
  const client = new OrderClient(api.url);
  const placed = await Promise.all(Array.from({ length: 20 }, () => client.place(anOrder({ merchantId }))));
  const metrics = new OrderClient(first.url);
  await eventually(async () => /outcome="retrying"} 20/.test((await metrics.get<string>('/metrics')).body), {
    what: 'all to be retrying',
    timeoutMs: 60_000,
  });
  for (const { body } of placed) t.equal((await client.transition(body.id, 'cancelled')).status, 202);
  await first.kill();
  const second = await ServiceProcess.start('worker', environment);
  t.teardown(() => second.kill());
  await mend();
  const histories = async () =>
    Promise.all(
      placed.map(async ({ body }) => (await client.history(body.id)).body.data.map(({ status }) => status)),
    );
  await eventually(async () => (await histories()).every((statuses) => statuses.length === 2), {
    what: 'all to be processed',
    timeoutMs: 60_000,
  });
  for (const statuses of await histories()) t.same(statuses, ['confirmed', 'cancelled']);
});
