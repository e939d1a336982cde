import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import kafka from 'node-rdkafka';
import t, { type Test } from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { KafkaOptions } from '../../../src/log/kafka/client-settings.ts';
import { KafkaProducer } from '../../../src/log/kafka/producer.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { kafkaOptions } from './harness.ts';

const space = 'lost-topics';
const record = { topic: TOPICS.commands, key: 'one', value: Buffer.from('0') };

type Done = (error: Error | null, result?: unknown) => void;

/** A cluster that grows, loses a topic and creates it again, which the mock cluster cannot. */
class PlayedClient extends EventEmitter {
  /** how many partitions the cluster has, and how many the client knows */
  partitions = 2;
  known = 2;
  /** how many of the next answers about the topic of commands lack it */
  misses = 0;
  /** how many of the next questions about topics fail */
  failures = 0;
  /** the offset that the next record gets */
  end = 0;
  /** it reports no delivery */
  isSilent = false;
  questions = 0;
  rangeQueries = 0;

  connect(_options: unknown, done: Done): void {
    done(null, { topics: [] });
  }

  disconnect(_timeout: number, done: Done): void {
    done(null);
  }

  poll(): void {
    // Reports are not queued.
  }

  produce(topic: string, chosen: number | null, _value: unknown, _key: unknown, _time: null, opaque: number) {
    const partition = chosen ?? 0;
    if (partition >= this.known) {
      const code = kafka.CODES.ERRORS.ERR__UNKNOWN_PARTITION;
      throw Object.assign(new Error('Local: Unknown partition'), { code });
    }
    const offset = this.end++;
    if (!this.isSilent)
      setImmediate(() => this.emit('delivery-report', null, { topic, partition, offset, opaque }));
  }

  getMetadata({ topic: name }: { topic: string }, done: Done): void {
    this.questions += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      done(new Error('Local: Timed out'));
      return;
    }
    this.known = this.partitions;
    const isMissing = name.endsWith(TOPICS.commands) && this.misses > 0;
    if (isMissing) this.misses -= 1;
    const partitions = Array.from({ length: this.partitions }, (_, id) => ({ id }));
    done(null, { topics: isMissing ? [] : [{ name, partitions }] });
  }

  queryWatermarkOffsets(_topic: string, partition: number, _timeout: number, done: Done): void {
    this.rangeQueries += 1;
    done(null, { lowOffset: 0, highOffset: partition === 0 ? this.end : 0 });
  }
}

async function startProducer(t: Test, given: Partial<KafkaOptions> = {}) {
  const client = new PlayedClient();
  const clientSettings = { 'topic.metadata.refresh.interval.ms': '10' };
  const options = kafkaOptions('played', space, { clientSettings, ...given });
  const producer = new KafkaProducer(options, () => client as unknown as kafka.Producer);
  await producer.start();
  t.teardown(() => producer.stop());
  return { producer, client };
}

await t.test('a record for a partition that was added meanwhile is appended to it', async (t) => {
  const { producer, client } = await startProducer(t);
  client.partitions = 4;
  t.same(await producer.append({ ...record, partition: 3 }), { partition: 3, offset: 0 });
  t.equal(client.questions, 1);
  await t.rejects(producer.append({ ...record, partition: 4 }), { code: 'partition-unknown' });
});

await t.test(
  'an append that a new topic of the same name took is rejected, and later ones refused',
  async (t) => {
    const { producer, client } = await startProducer(t);
    await producer.append(record);
    await producer.append(record);
    client.end = 0;
    await t.rejects(producer.append(record), { code: 'log-timeout', message: /created again/ });
    t.match(producer.readinessProblem(), /deleted and created again/);
    await t.rejects(producer.append(record), { code: 'log-unavailable', message: /created again/ });
  },
);

await t.test('a topic that stays missing is named, until it exists again', async (t) => {
  const { producer, client } = await startProducer(t);
  client.misses = Infinity;
  producer.watchTopics([0]);
  await eventually(() => producer.readinessProblem() !== undefined, { what: 'the problem' });
  t.match(producer.readinessProblem(), /no topic lost-topics\.orders\.commands any more/);
  await t.rejects(producer.append(record), { code: 'log-unavailable', message: /was deleted/ });
  client.misses = 0;
  await eventually(() => producer.readinessProblem() === undefined, { what: 'the recovery' });
  t.match(await producer.append(record), { partition: 0, offset: 0 });
});

await t.test('a topic that was missing in one answer only, with all its records, can be used', async (t) => {
  const { producer, client } = await startProducer(t);
  await producer.append(record);
  client.misses = 1;
  producer.watchTopics([0]);
  await eventually(() => client.rangeQueries > 0, { what: 'the look at the ends' });
  t.equal(client.misses, 0);
  t.equal(producer.readinessProblem(), undefined);
  t.match(await producer.append(record), { partition: 0, offset: 1 });
});

await t.test('a topic that lacks acknowledged records after it was missing is refused', async (t) => {
  const { producer, client } = await startProducer(t);
  await producer.append(record);
  client.end = 0;
  client.misses = 1;
  producer.watchTopics([0]);
  await eventually(() => producer.readinessProblem() !== undefined, { what: 'the problem' });
  t.match(producer.readinessProblem(), /deleted and created again/);
});

await t.test('after a question about the topics failed, it is asked again', async (t) => {
  const { producer, client } = await startProducer(t);
  client.failures = 2;
  client.misses = Infinity;
  producer.watchTopics([0]);
  await eventually(() => producer.readinessProblem() !== undefined, { what: 'the problem' });
  t.equal(client.failures, 0);
  t.match(producer.readinessProblem(), /no topic/);
});

await t.test(
  'after a client that left records unreported, a new one sends the next record at once',
  async (t) => {
    // A new client is opened only once a broker accepts connections.
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    t.teardown(() => server.close());
    await once(server, 'listening');
    const brokers = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { producer, client } = await startProducer(t, { ackTimeoutMs: 10, brokers });
    client.isSilent = true;
    const unreported = [producer.append(record)];
    await nextTurn();
    unreported.push(producer.append(record));
    await nextTurn();
    t.equal(client.end, 2);
    client.emit('event.error', { message: 'fatal error' });
    for (const { status } of await Promise.allSettled(unreported)) t.equal(status, 'rejected');
    client.isSilent = false;
    await eventually(() => producer.readinessProblem() === undefined, { what: 'the new client' });
    const appending = producer.append(record);
    await nextTurn();
    t.equal(client.end, 3, 'it does not wait for the records of the old client');
    await appending;
  },
);
