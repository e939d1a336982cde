import kafka from 'node-rdkafka';
import t from 'tap';
import type { Logger } from '../../../src/base/logger.ts';
import { partitionCount, topicRanges } from '../../../src/log/kafka/client-calls.ts';
import { untilLeaderElected } from '../../../src/log/kafka/leader-election.ts';
import { readRecords } from '../../../src/log/kafka/read-records.ts';
import { kafkaOptions } from './harness.ts';

const { ERRORS } = kafka.CODES;

/** A query that fails `failures` times with this code, then answers. */
function failingQuery(failures: number, code: number) {
  let count = 0;
  return {
    query: () => {
      count += 1;
      if (count > failures) return Promise.resolve('the end');
      return Promise.reject(Object.assign(new Error('Broker: Not leader for partition'), { code }));
    },
    count: () => count,
  };
}

await t.test('a query is repeated while the partition has no leader', async (t) => {
  const codes = [
    ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
    ERRORS.ERR_LEADER_NOT_AVAILABLE,
    ERRORS.ERR_OFFSET_NOT_AVAILABLE,
  ];
  for (const code of codes) {
    const { query, count } = failingQuery(3, code);
    t.equal(await untilLeaderElected(query, 1), 'the end');
    t.equal(count(), 4);
  }
});

await t.test('a query is not repeated forever', async (t) => {
  const { query, count } = failingQuery(Infinity, ERRORS.ERR_NOT_LEADER_FOR_PARTITION);
  await t.rejects(untilLeaderElected(query, 1), { message: 'Broker: Not leader for partition' });
  t.ok(count() > 10);
});

await t.test('it is not repeated after another failure', async (t) => {
  const { query, count } = failingQuery(3, ERRORS.ERR_TOPIC_AUTHORIZATION_FAILED);
  await t.rejects(untilLeaderElected(query, 1));
  t.equal(count(), 1);
});

await t.test('when the offsets of a topic cannot be queried, the log is unavailable', async (t) => {
  const unconnected = new kafka.Producer({ 'bootstrap.servers': '127.0.0.1:1' });
  await t.rejects(topicRanges(unconnected, 'orders.commands', 100), {
    code: 'log-unavailable',
    message: /first and last offsets of topic orders\.commands/,
  });
});

await t.test('when the partitions of a topic cannot be counted, the log is unavailable', async (t) => {
  const unconnected = new kafka.Producer({ 'bootstrap.servers': '127.0.0.1:1' });
  await t.rejects(partitionCount(unconnected, 'orders.commands', 100), {
    code: 'log-unavailable',
    message: /did not return the partitions of topic orders\.commands/,
  });
});

await t.test('only the partitions that are needed are queried: another one may have no leader', async (t) => {
  const client = {
    getMetadata(_options: unknown, done: (error: null, metadata: unknown) => void) {
      const partitions = [0, 1, 2].map((id) => ({ id }));
      done(null, { topics: [{ name: 'orders.commands', partitions }] });
    },
    queryWatermarkOffsets(
      _topic: string,
      partition: number,
      _timeout: number,
      done: (error: Error | null, offsets?: unknown) => void,
    ) {
      if (partition === 0) done(new Error('Broker: Leader not available'));
      else done(null, { lowOffset: partition, highOffset: 9 });
    },
  } as unknown as kafka.Producer;
  const ranges = await topicRanges(client, 'orders.commands', 100, [2, 3]);
  t.same([...ranges.entries()].slice(2), [[2, { start: 2, end: 9 }]]);
  await t.rejects(topicRanges(client, 'orders.commands', 100), { code: 'log-unavailable' });
  const unavailable: string[] = [];
  const readable = await topicRanges(client, 'orders.commands', 100, undefined, (partition, { message }) => {
    unavailable.push(`${partition}: ${message}`);
  });
  t.same(Object.keys(readable), ['1', '2']);
  t.same(unavailable, ['0: Broker: Leader not available']);
});

type Done = (error: Error | null, result?: unknown) => void;

/** A client that answers every read with this. It reports what was assigned to it and how often it was closed. */
function readingClient(answer: (done: Done) => void) {
  const state = { assigned: [] as unknown[], closed: 0 };
  const client = {
    connect: (_options: unknown, done: Done) => done(null, { topics: [] }),
    assign: (partitions: unknown[]) => state.assigned.push(partitions),
    setDefaultConsumeTimeout: () => undefined,
    isConnected: () => false,
    consume: (_count: number, done: Done) => setImmediate(answer, done),
    disconnect(done: Done) {
      state.closed += 1;
      done(null);
    },
  } as unknown as kafka.KafkaConsumer;
  return { client, state };
}

const noLeader = (done: Done) => done(new Error('Broker: Leader not available'));

await t.test('a record that reaches no client in time makes the log unavailable', async (t) => {
  const { client, state } = readingClient(noLeader);
  const options = kafkaOptions('played', 'queries');
  const reading = readRecords(options, 'orders.commands', new Map([[2, 7]]), 50, () => client);
  await t.rejects(reading, {
    code: 'log-unavailable',
    message: /record at offset 7 of orders\.commands\/2 within 0\.05 s/,
    cause: { message: 'Broker: Leader not available' },
  });
  t.same(state.assigned, Array(4).fill([{ topic: 'orders.commands', partition: 2, offset: 7 }]));
  t.equal(state.closed, 4);
});

await t.test('a new client reads the records that another one did not receive', async (t) => {
  const message = (partition: number, offset: number) => ({
    topic: 'orders.commands',
    partition,
    offset,
    key: null,
    value: Buffer.from('{}'),
    timestamp: 1,
    headers: [],
  });
  const stuck = readingClient((done) => done(null, [message(1, 4)]));
  const healthy = readingClient((done) => done(null, [message(2, 7)]));
  const clients = [stuck, healthy];
  const wanted = new Map([
    [1, 4],
    [2, 7],
  ]);
  const warnings: string[] = [];
  const logger = {
    ...kafkaOptions('', '').logger,
    warn: (_details: unknown, text: string) => warnings.push(text),
  };
  const options = kafkaOptions('played', 'queries', { logger: logger as unknown as Logger });
  const records = await readRecords(options, 'orders.commands', wanted, 50, () => {
    const next = clients.shift();
    if (next === undefined) throw new Error('a third client was created');
    return next.client;
  });
  t.same(
    [...records].map(([partition, { offset }]) => [partition, offset]),
    [...wanted],
  );
  t.same(healthy.state.assigned, [[{ topic: 'orders.commands', partition: 2, offset: 7 }]]);
  t.match(warnings, [/offset 7 of orders\.commands\/2 within 0\.05 s\. A new client asks for it again/]);
  t.same([stuck.state.closed, healthy.state.closed], [1, 1]);
});
