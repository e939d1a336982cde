import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type kafka from 'node-rdkafka';
import type { LibrdKafkaError, Message, TopicPartitionOffset } from 'node-rdkafka';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { FollowOptions, StartOver } from '../../../src/log/event-log.ts';
import { KafkaFollower } from '../../../src/log/kafka/follower.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { kafkaOptions } from './harness.ts';

const TOPIC = 'following.status';
const OFTEN_MS = 10;
/** Then the follower looks only when something asks for it. */
const NEVER_MS = 300_000;

type Done<T> = (error: LibrdKafkaError | null, result: T) => void;

interface Partition {
  low: number;
  values: string[];
}

function filled(...values: string[]): Partition {
  return { low: 0, values };
}

function failure(message: string): Error & LibrdKafkaError {
  return Object.assign(new Error(message), { code: -1, errno: -1, origin: 'local' });
}

/** Behaves as node-rdkafka's consumer on one topic. Tests change the topic as a broker would. */
class ScriptedClient extends EventEmitter {
  /** empty if the topic does not exist */
  partitions: Partition[];
  metadataError: LibrdKafkaError | null = null;
  /** the result of the next read */
  readError: LibrdKafkaError | undefined;
  looks = 0;
  connected = false;
  readonly #positions = new Map<number, number>();

  constructor(partitions: Partition[]) {
    super();
    this.partitions = partitions;
  }

  get assigned(): number[] {
    return [...this.#positions.keys()];
  }

  connect(_options: unknown, done: Done<unknown>): void {
    this.connected = true;
    setImmediate(done, null, {});
  }

  disconnect(done: Done<unknown>): void {
    this.connected = false;
    setImmediate(done, null, {});
  }

  getMetadata(_options: unknown, done: Done<unknown>): void {
    this.looks += 1;
    const partitions = this.partitions.map((_, id) => ({ id }));
    setImmediate(done, this.metadataError, { topics: [{ name: TOPIC, partitions }] });
  }

  queryWatermarkOffsets(topic: string, partition: number, _timeout: number, done: Done<unknown>): void {
    setImmediate(done, null, this.getWatermarkOffsets(topic, partition));
  }

  getWatermarkOffsets(_topic: string, partition: number): kafka.WatermarkOffsets {
    const found = this.partitions[partition];
    if (found === undefined) return { lowOffset: -1001, highOffset: -1001 };
    return { lowOffset: found.low, highOffset: found.low + found.values.length };
  }

  assign(positions: TopicPartitionOffset[]): void {
    this.unassign();
    this.incrementalAssign(positions);
  }

  unassign(): void {
    this.#positions.clear();
  }

  incrementalAssign(positions: TopicPartitionOffset[]): void {
    for (const { partition, offset } of positions) {
      if (this.#positions.has(partition)) throw failure(`Partition ${partition} is assigned already.`);
      this.#positions.set(partition, offset);
    }
  }

  isConnected(): boolean {
    return this.connected;
  }

  commit(): void {
    // Only wakes a read that waits.
  }

  setDefaultConsumeTimeout(): void {
    // A read without records always takes a millisecond.
  }

  consume(count: number, done: Done<Message[]>): void {
    const error = this.readError;
    this.readError = undefined;
    const messages = error === undefined ? this.#take(count) : [];
    if (error === undefined && messages.length === 0) setTimeout(done, 1, null, []);
    else setImmediate(done, error ?? null, messages);
  }

  #take(count: number): Message[] {
    const taken: Message[] = [];
    for (const [partition, position] of this.#positions) {
      const { low, values } = this.partitions[partition] ?? filled();
      // As with `auto.offset.reset=earliest`
      let offset = position < low || position > low + values.length ? low : position;
      for (; taken.length < count && offset < low + values.length; offset += 1) {
        const value = Buffer.from(values[offset - low] ?? '');
        taken.push({ topic: TOPIC, partition, offset, value, size: value.length });
      }
      if (this.partitions[partition] !== undefined) this.#positions.set(partition, offset);
    }
    return taken;
  }
}

function create(t: Test, partitions: Partition[], refreshMs: number) {
  const lines = new PassThrough();
  let written = '';
  lines.on('data', (chunk: Buffer) => (written += String(chunk)));
  const logged = (level: number) =>
    written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { level: number; msg: string })
      .filter((line) => line.level === level);
  const client = new ScriptedClient(partitions);
  const values: string[] = [];
  const options = kafkaOptions('nowhere:1', 'following', {
    logger: pino({ level: 'debug' }, lines),
    clientSettings: { 'topic.metadata.refresh.interval.ms': String(refreshMs) },
  });
  const follower = new KafkaFollower(
    options,
    TOPIC,
    (records) => values.push(...records.map(({ partition, value }) => `${partition}:${String(value)}`)),
    () => client as unknown as kafka.KafkaConsumer,
  );
  t.teardown(() => follower.stop());
  return {
    client,
    follower,
    values,
    debug: () => logged(20),
    infos: () => logged(30),
    warnings: () => logged(40),
    errors: () => logged(50),
  };
}

async function follow(t: Test, partitions: Partition[], refreshMs = OFTEN_MS, hooks: FollowOptions = {}) {
  const reading = create(t, partitions, refreshMs);
  const started: [number, number][] = [];
  const startedOver: { why: StartOver; positions: [number, number][] }[] = [];
  await reading.follower.start({
    backlog: 100,
    onStart: (positions) => started.push(...positions),
    onStartOver: (positions, why) => {
      startedOver.push({ why, positions: [...positions] });
      return Promise.resolve();
    },
    ...hooks,
  });
  const received = (count: number) =>
    eventually(() => reading.values.length >= count, { what: `${count} records` });
  const looked = async (times: number) => {
    const wanted = reading.client.looks + times;
    await eventually(() => reading.client.looks >= wanted, { what: `${times} looks at the topic` });
  };
  return { ...reading, started, startedOver, received, looked };
}

await t.test('a follower of a topic that does not exist fails and disconnects', async (t) => {
  const { client, follower } = create(t, [], OFTEN_MS);
  await t.rejects(follower.start(), { code: 'log-unavailable', message: new RegExp(`no topic ${TOPIC}`) });
  t.notOk(client.connected);
});

await t.test('a follower reads from its share of the backlog', async (t) => {
  const partitions = [filled('a', 'b', 'c'), filled('d')];
  const { started, values, received, client, follower } = await follow(t, partitions, NEVER_MS, {
    backlog: 4,
  });
  await received(3);
  t.same(values, ['0:b', '0:c', '1:d']);
  t.same(started, [
    [0, 1],
    [1, 0],
  ]);
  await follower.stop();
  t.notOk(client.connected);
});

await t.test('a partition that is added is read from its first record', async (t) => {
  const { client, started, startedOver, values, received, infos, errors } = await follow(t, [filled('a')]);
  await received(1);
  client.partitions = [...client.partitions, { low: 3, values: ['b', 'c'] }];
  await received(3);
  t.same(values, ['0:a', '1:b', '1:c']);
  t.same(started, [
    [0, 0],
    [1, 3],
  ]);
  await eventually(() => infos().length > 0, { what: 'the log line' });
  t.match(infos(), [{ msg: /more partitions/, partitions: [1] }]);
  t.same(startedOver, []);
  t.same(errors(), []);
});

await t.test('a topic that was missing and exists again is read from its start', async (t) => {
  const { client, startedOver, values, received, looked, errors } = await follow(t, [filled('a'), filled()]);
  await received(1);
  client.partitions = [];
  await eventually(() => errors().length > 0, { what: 'the missing topic' });
  await looked(2);
  t.match(errors(), [{ msg: /no such topic any more/ }], 'it is logged once');
  // Its offsets are beyond the old ones, so that only the missing topic tells.
  client.partitions = [filled('b', 'c'), filled()];
  await received(3);
  t.same(values, ['0:a', '0:b', '0:c'], 'each record once');
  t.same(startedOver, [
    {
      why: 'new-topic',
      positions: [
        [0, 0],
        [1, 0],
      ],
    },
  ]);
  t.match(errors()[1], { msg: /deleted and created again/ });
  await looked(2);
  t.equal(errors().length, 2);
});

await t.test('an offset below the expected one tells a new topic', async (t) => {
  const { client, startedOver, values, received, errors } = await follow(
    t,
    [filled('a', 'b', 'c')],
    NEVER_MS,
  );
  await received(3);
  client.partitions = [filled('d', 'e')];
  await received(5);
  t.same(values.slice(3), ['0:d', '0:e']);
  t.same(startedOver, [{ why: 'new-topic', positions: [[0, 0]] }]);
  t.match(errors(), [{ msg: /deleted and created again/, partition: 0, expected: 3, found: 0 }]);
});

await t.test('an end below the expected offset tells a new topic without records', async (t) => {
  const { client, startedOver, values, received, errors } = await follow(t, [filled('a', 'b')]);
  await received(2);
  client.partitions = [filled()];
  await eventually(() => startedOver.length > 0, { what: 'the new topic' });
  t.same(startedOver, [{ why: 'new-topic', positions: [[0, 0]] }]);
  t.match(errors(), [{ msg: /deleted and created again/, partition: 0, expected: 2, found: 0 }]);
  client.partitions = [filled('c')];
  await received(3);
  t.same(values, ['0:a', '0:b', '0:c']);
});

await t.test('fewer partitions tell a new topic, and only those are read', async (t) => {
  const { client, startedOver, received, values } = await follow(t, [filled('a'), filled('b')]);
  await received(2);
  // It ends where the old one did, so that only the number of partitions tells.
  client.partitions = [filled('c')];
  await received(3);
  t.same(values.slice(2), ['0:c']);
  t.same(startedOver, [{ why: 'new-topic', positions: [[0, 0]] }]);
  t.same(client.assigned, [0]);
});

await t.test('after unread records were deleted, reading goes on at the earliest record', async (t) => {
  const partitions = [filled('a', 'b'), filled('x')];
  const { client, startedOver, values, received, errors } = await follow(t, partitions, NEVER_MS);
  await received(3);
  client.partitions = [{ low: 5, values: ['f', 'g'] }, filled('x')];
  await received(5);
  t.same(values.slice(3), ['0:f', '0:g'], 'the other partition is not read again');
  t.same(startedOver, [
    {
      why: 'records-deleted',
      positions: [
        [0, 5],
        [1, 1],
      ],
    },
  ]);
  t.match(errors(), [{ msg: /deleted before this process read them/, partition: 0, expected: 2, found: 5 }]);
});

await t.test('a start-over that failed is repeated, and no record is delivered before', async (t) => {
  const delivered: number[] = [];
  const { client, values, received, debug } = await follow(t, [filled('a', 'b')], OFTEN_MS, {
    onStartOver: () => {
      delivered.push(values.length);
      return delivered.length === 1 ? Promise.reject(new Error('not now')) : Promise.resolve();
    },
  });
  await received(2);
  client.partitions = [filled('c')];
  await received(3);
  t.same(values, ['0:a', '0:b', '0:c']);
  t.same(delivered, [2, 2]);
  t.match(debug(), [{ err: { message: 'not now' } }]);
});

await t.test('a look that failed is repeated while records are read', async (t) => {
  const { client, startedOver, values, received, looked, debug, errors } = await follow(t, [filled('a')]);
  await received(1);
  client.metadataError = failure('no broker');
  await looked(3);
  client.partitions[0]?.values.push('b');
  await received(2);
  client.metadataError = null;
  client.partitions.push(filled('c'));
  await received(3);
  t.same(values, ['0:a', '0:b', '1:c']);
  t.match(debug()[0], { msg: /Looking at the followed topic failed/, err: { message: 'no broker' } });
  t.same(startedOver, []);
  t.same(errors(), []);
});

await t.test('a read that failed makes the follower look soon, and reading goes on', async (t) => {
  const { client, values, received, looked, warnings } = await follow(t, [filled('a')], NEVER_MS);
  await received(1);
  t.equal(client.looks, 1, 'only the start has looked');
  const sawAnother = looked(1);
  client.readError = failure('unknown partition');
  await sawAnother;
  t.match(warnings(), [{ msg: /Reading from Kafka failed/, error: 'unknown partition' }]);
  client.partitions[0]?.values.push('b');
  await received(2);
  t.same(values, ['0:a', '0:b']);
});
