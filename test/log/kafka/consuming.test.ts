import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { Assignment } from '../../../src/log/kafka/assignment.ts';
import { closeConsumer, connect } from '../../../src/log/kafka/client-calls.ts';
import { ConsumeLoop } from '../../../src/log/kafka/consume-loop.ts';
import { groupSettings, type KafkaOptions } from '../../../src/log/kafka/client-settings.ts';
import { endsConsumer } from '../../../src/log/kafka/errors.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { Pauses } from '../../../src/log/kafka/pauses.ts';
import { Rebalancing } from '../../../src/log/kafka/rebalancing.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { PARTITIONS } from '../conformance/harness.ts';
import { type Committed, fromCommitted, Reader, type ReaderOptions } from '../conformance/reader.ts';
import { appendNumbered, freshSpace, keys, runsAreWhole } from '../conformance/traffic.ts';
import { createTopicsOf, kafkaOptions, MOCK_SETTINGS } from './harness.ts';

async function startMock(t: Test): Promise<MockKafka> {
  const mock = await MockKafka.start();
  t.teardown(() => mock.stop());
  return mock;
}

async function openLog(t: Test, mock: MockKafka, space: string, options: Partial<KafkaOptions> = {}) {
  await createTopicsOf(mock, space);
  const log = new KafkaEventLog(
    kafkaOptions(mock.brokers, space, { clientSettings: MOCK_SETTINGS, ...options }),
  );
  await log.start();
  t.teardown(() => log.stop());
  return log;
}

async function openReader(t: Test, log: KafkaEventLog, options: ReaderOptions = {}) {
  const reader = new Reader(log, TOPICS.commands, options);
  await reader.consumer.start();
  t.teardown(() => reader.consumer.stop());
  return reader;
}

function sum(lag: Map<number, number>): number {
  return [...lag.values()].reduce((total, of) => total + of, 0);
}

/** They mostly wait for groups to form, so they run side by side. */
const tests = {
  'consumers and followers say what is wrong with a start': async (t: Test) => {
    const nobody = new KafkaEventLog(kafkaOptions('127.0.0.1:1', 'x', { connectTimeoutMs: 200 }));
    const reader = new Reader(nobody, TOPICS.commands);
    await t.rejects(reader.consumer.start(), { code: 'log-unavailable' });
    await reader.consumer.stop();
    await t.rejects(
      nobody.follow(TOPICS.status, () => undefined),
      { code: 'log-unavailable' },
    );
    const wrong = new KafkaEventLog(kafkaOptions('127.0.0.1:1', 'x', { clientSettings: { nonsense: '1' } }));
    t.throws(() => new Reader(wrong, TOPICS.commands), { code: 'settings-invalid', message: /nonsense/ });
  },

  'a topic that is missing cannot be followed': async (t: Test) => {
    const mock = await startMock(t);
    const log = new KafkaEventLog(kafkaOptions(mock.brokers, freshSpace()));
    await t.rejects(
      log.follow('no-such-topic', () => undefined),
      { code: 'log-unavailable', message: /no-such-topic/ },
    );
  },

  'a consumer waits for a topic that is not there yet': async (t: Test) => {
    const mock = await startMock(t);
    const space = freshSpace();
    const clientSettings = { ...MOCK_SETTINGS, 'topic.metadata.refresh.interval.ms': '300' };
    const warnings: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => void warnings.push(line) });
    const log = new KafkaEventLog(kafkaOptions(mock.brokers, space, { clientSettings, logger }));
    const reader = await openReader(t, log);
    await eventually(() => warnings.length > 0, { what: 'a warning' });
    t.match(warnings[0], /Reading from Kafka failed/);
    await createTopicsOf(mock, space);
    await reader.allAssigned();
  },

  'reading ends when the consumer is not open, and goes on after other errors': async (t: Test) => {
    const { logger, ...options } = kafkaOptions('127.0.0.1:1', freshSpace());
    const client = new kafka.KafkaConsumer(groupSettings({ ...options, logger }), {});
    const errors: LibrdKafkaError[] = [];
    const onError = (error: LibrdKafkaError) => {
      errors.push(error);
      return errors.length < 3 || !endsConsumer(error);
    };
    const loop = new ConsumeLoop(client, {
      beforeRead: () => undefined,
      onMessages: () => undefined,
      onError,
      logger,
    });
    loop.start();
    await eventually(() => errors.length === 3, { what: 'three errors' });
    await loop.stop();
    t.equal(errors.length, 3);
  },

  'a consumer that is stopped while it connects does not open': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = new Reader(log, TOPICS.commands);
    const starting = reader.consumer.start();
    await reader.consumer.stop();
    await starting;
    t.same(reader.failures, []);
  },

  'stop() gives up on a handler that does not finish its revoked partitions': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace(), { revokeTimeoutMs: 100 });
    const reader = await openReader(t, log);
    await appendNumbered(log, TOPICS.commands, ['one'], 1);
    await reader.received(1);
    reader.onRevoked = () => new Promise(() => undefined);
    await reader.consumer.stop();
  },

  'stop() ends also when the handler fails at finishing its revoked partitions': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = await openReader(t, log);
    await appendNumbered(log, TOPICS.commands, ['one'], 1);
    await reader.received(1);
    reader.onRevoked = () => Promise.reject(new Error('cannot finish'));
    await reader.consumer.stop();
    t.same(reader.failures, [], 'whoever stops it need not be told');
  },

  'stop() does not wait for a handler that never says where to begin': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace(), { revokeTimeoutMs: 100 });
    const reader = new Reader(log, TOPICS.commands);
    let answer: (() => void) | undefined;
    reader.onAssigned = async (committed) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return Reader.prototype.onAssigned.call(reader, committed);
    };
    await reader.consumer.start();
    await eventually(() => answer !== undefined, { what: 'onAssigned' });
    await reader.consumer.stop();
    answer?.();
  },

  'stop() ends in time when the broker is gone': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace(), { ackTimeoutMs: 500 });
    const reader = await openReader(t, log, { commits: true });
    await reader.allAssigned();
    await appendNumbered(log, TOPICS.commands, keys(10), 10);
    await reader.received(10);
    reader.consumer.pause([0]);
    await mock.stop();
    reader.consumer.lag();
    const asked = performance.now();
    await reader.consumer.stop();
    const tookMs = performance.now() - asked;
    t.ok(tookMs < 30_000, `${Math.round(tookMs)} ms`);
    t.same([...reader.consumer.lag()], []);
  },

  'a partition that was paused when it went flows when it comes back': async (t: Test) => {
    const mock = await startMock(t);
    const space = freshSpace();
    const log = await openLog(t, mock, space);
    const stays = await openReader(t, log, { commits: true });
    await stays.allAssigned();
    stays.consumer.pause([0, 1, 2, 3]);
    const large = keys(80).map((key) =>
      log.append({ topic: TOPICS.commands, key, value: Buffer.alloc(100_000) }),
    );
    await Promise.all(large);
    await eventually(() => sum(stays.consumer.lag()) === 80, { what: 'the lag' });
    const joins = await openReader(t, await openLog(t, mock, space), { commits: true });
    await joins.reached(() => joins.assigned.size > 0, 'a share');
    await joins.consumer.stop();
    await stays.allAssigned();
    stays.consumer.resume([0, 1, 2, 3].filter((partition) => !joins.committed.has(partition)));
    await appendNumbered(log, TOPICS.commands, keys(40), 400);
    await stays.reached(() => joins.records.length + stays.records.length === 480, 'everything');
    runsAreWhole(t, [...joins.records, ...stays.records]);
  },

  'a member with a name joins once more, and then reads': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace(), { groupInstanceId: 'worker-1' });
    let assigned = 0;
    const from = (committed: Committed) => {
      assigned += committed.size;
      return fromCommitted(committed);
    };
    const reader = await openReader(t, log, { commits: true, from });
    await reader.reached(() => assigned === 2 * PARTITIONS, 'its second join');
    const appended = await appendNumbered(log, TOPICS.commands, keys(8), 8);
    await reader.received(appended.length);
    runsAreWhole(t, reader.records);
    t.equal(reader.assigned.size, PARTITIONS);
  },

  'commits and pauses of partitions that are not ours are no fault': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = new Reader(log, TOPICS.commands);
    reader.consumer.commit(new Map([[0, 5]]));
    reader.consumer.pause([0]);
    reader.consumer.resume([0]);
    t.same([...reader.consumer.lag()], []);
    await reader.consumer.stop();
  },

  'the offsets of the group are asked for until they are told, or the group is left': async (t: Test) => {
    const mock = await startMock(t);
    const space = freshSpace();
    await createTopicsOf(mock, space);
    const options = kafkaOptions(mock.brokers, space);
    const topic = `${space}.${TOPICS.commands}`;
    const client = new kafka.KafkaConsumer(groupSettings(options), {});
    await connect(client, options, { allTopics: false });
    t.teardown(() => closeConsumer(client));
    const told: number[] = [];
    const member = () => {
      return new Rebalancing({
        client,
        topic,
        handlers: {
          async onAssigned(committed) {
            told.push(...committed.keys());
            return Promise.resolve(new Map());
          },
          onRevoked: () => Promise.resolve(),
          onRecords: () => undefined,
          onFailed: () => undefined,
        },
        assignment: new Assignment(),
        pauses: new Pauses(client, topic, () => undefined),
        readsHandedOn: () => Promise.resolve(),
        onAssigned: () => undefined,
        onFailed: (error) => t.fail(error),
        revokeTimeoutMs: 10_000,
        logger: options.logger,
      });
    };
    const assign = { code: kafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS } as LibrdKafkaError;
    const [waiting, leaving] = [member(), member()];
    await mock.freeze();
    t.teardown(() => mock.thaw());
    waiting.handle(assign, [{ topic, partition: 1 }]);
    leaving.handle(assign, [{ topic, partition: 2 }]);
    await leaving.leave();
    t.same(told, []);
    mock.thaw();
    await eventually(() => told.length > 0, { what: 'the offsets' });
    t.same(told, [1]);
    await waiting.leave();
  },
};

t.jobs = 6;
await Promise.all(Object.entries(tests).map(([name, run]) => t.test(name, { buffered: true }, run)));
