import kafka from 'node-rdkafka';
import t from 'tap';
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
});

await t.test('a record that does not arrive in time makes the log unavailable', async (t) => {
  type Done = (error: Error | null, result?: unknown) => void;
  const assigned: unknown[] = [];
  let isClosed = false;
  const client = {
    connect: (_options: unknown, done: Done) => done(null, { topics: [] }),
    assign: (partitions: unknown[]) => assigned.push(...partitions),
    setDefaultConsumeTimeout: () => undefined,
    consume: (_count: number, done: Done) => setImmediate(done, new Error('Broker: Leader not available')),
    disconnect(done: Done) {
      isClosed = true;
      done(null);
    },
  } as unknown as kafka.KafkaConsumer;
  const reading = readRecords(
    kafkaOptions('played', 'queries'),
    'orders.commands',
    new Map([[2, 7]]),
    50,
    () => client,
  );
  await t.rejects(reading, {
    code: 'log-unavailable',
    message: /record at offset 7 of orders\.commands\/2 within 0\.05 s/,
    cause: { message: 'Broker: Leader not available' },
  });
  t.same(assigned, [{ topic: 'orders.commands', partition: 2, offset: 7 }]);
  t.ok(isClosed);
});
