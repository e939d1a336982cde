import { PassThrough } from 'node:stream';
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

function noJump(): void {
  throw new Error('Records are missing.');
}

function sum(lag: Map<number, number>): number {
  return [...lag.values()].reduce((total, of) => total + of, 0);
}

/** The tests mostly wait for groups to form, so they run in parallel. */
const tests = {
  'consumers and followers report why they cannot start': async (t: Test) => {
    const unreachable = new KafkaEventLog(kafkaOptions('127.0.0.1:1', 'x', { connectTimeoutMs: 200 }));
    const reader = new Reader(unreachable, TOPICS.commands);
    await t.rejects(reader.consumer.start(), { code: 'log-unavailable' });
    await reader.consumer.stop();
    await t.rejects(
      unreachable.follow(TOPICS.status, () => undefined),
      { code: 'log-unavailable' },
    );
    const wrong = new KafkaEventLog(kafkaOptions('127.0.0.1:1', 'x', { clientSettings: { nonsense: '1' } }));
    t.throws(() => new Reader(wrong, TOPICS.commands), { code: 'settings-invalid', message: /nonsense/ });
  },

  'a missing topic cannot be followed': async (t: Test) => {
    const mock = await startMock(t);
    const log = new KafkaEventLog(kafkaOptions(mock.brokers, freshSpace()));
    await t.rejects(
      log.follow('no-such-topic', () => undefined),
      { code: 'log-unavailable', message: /no-such-topic/ },
    );
  },

  'a consumer waits for a topic that does not exist yet': async (t: Test) => {
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

  'reading ends if the consumer is not open, and continues after other errors': async (t: Test) => {
    const { logger, ...options } = kafkaOptions('127.0.0.1:1', freshSpace());
    const client = new kafka.KafkaConsumer(groupSettings({ ...options, logger }), {});
    const errors: LibrdKafkaError[] = [];
    const onError = (error: LibrdKafkaError) => {
      errors.push(error);
      return errors.length < 3 || !endsConsumer(error);
    };
    const loop = new ConsumeLoop(client, {
      onMessages: () => undefined,
      onError,
      logger,
    });
    loop.start();
    await eventually(() => errors.length === 3, { what: 'three errors' });
    await loop.stop();
    t.equal(errors.length, 3);
  },

  'a consumer stopped while it connects does not open': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = new Reader(log, TOPICS.commands);
    const starting = reader.consumer.start();
    await reader.consumer.stop();
    await starting;
    t.same(reader.failures, []);
  },

  'stop() does not wait forever for onRevoked': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace(), { revokeTimeoutMs: 100 });
    const reader = await openReader(t, log);
    await appendNumbered(log, TOPICS.commands, ['one'], 1);
    await reader.received(1);
    reader.onRevoked = () => new Promise(() => undefined);
    await reader.consumer.stop();
  },

  'stop() also ends when onRevoked fails': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = await openReader(t, log);
    await appendNumbered(log, TOPICS.commands, ['one'], 1);
    await reader.received(1);
    reader.onRevoked = () => Promise.reject(new Error('cannot finish'));
    await reader.consumer.stop();
    t.same(reader.failures, [], 'a consumer that is being stopped reports no failure');
  },

  'stop() does not wait forever for onAssigned': async (t: Test) => {
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

  'stop() ends in time when the broker does not answer': async (t: Test) => {
    const mock = await startMock(t);
    const lines = new PassThrough();
    const log = await openLog(t, mock, freshSpace(), { revokeTimeoutMs: 100, logger: pino(lines) });
    const reader = await openReader(t, log);
    await reader.allAssigned();
    await mock.freeze();
    await reader.consumer.stop();
    mock.thaw();
    t.match(String(lines.read()), /Kafka did not answer while the consumer left the group/);
  },

  'stop() ends in time when the broker is down': async (t: Test) => {
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

  'a partition that was revoked while paused is read when it is assigned again': async (t: Test) => {
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

  'a static member joins a second time, and then reads': async (t: Test) => {
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

  'a consumer fails if the log ends before the record that should be next': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const { partition } = await log.append({ topic: TOPICS.commands, key: 'one', value: Buffer.from('0') });
    const from = () => new Map([[partition, 50]]);
    const reader = await openReader(t, log, { from });
    await eventually(() => reader.failures.length > 0, { what: 'the failure' });
    t.match(reader.failures, [
      { code: 'log-mismatch', message: /before offset 50.*the log ends at offset 1/ },
    ]);
    t.same(reader.records, []);
  },

  'commits and pauses of partitions that are not assigned have no effect': async (t: Test) => {
    const mock = await startMock(t);
    const log = await openLog(t, mock, freshSpace());
    const reader = new Reader(log, TOPICS.commands);
    reader.consumer.commit(new Map([[0, 5]]));
    reader.consumer.pause([0]);
    reader.consumer.resume([0]);
    t.same([...reader.consumer.lag()], []);
    await reader.consumer.stop();
  },

  'a partition delivers nothing before the reads of its earlier assignment have ended': async (t: Test) => {
    const mock = await startMock(t);
    const space = freshSpace();
    await createTopicsOf(mock, space);
    const options = kafkaOptions(mock.brokers, space);
    const topic = `${space}.${TOPICS.commands}`;
    const client = new kafka.KafkaConsumer(groupSettings(options), {});
    await connect(client, options, { allTopics: false });
    t.teardown(() => closeConsumer(client));
    const assignment = new Assignment();
    const flow: string[] = [];
    let endRead: () => void = () => undefined;
    const rebalancing = new Rebalancing({
      client,
      topic,
      handlers: {
        onAssigned: () => Promise.resolve(new Map()),
        onRevoked: () => Promise.resolve(),
        onRecords: () => undefined,
        onFailed: () => undefined,
      },
      assignment,
      pauses: new Pauses(client, topic, () => undefined),
      delivered: () => {
        flow.push('waits for the read');
        return new Promise((resolve) => (endRead = resolve));
      },
      onAssigned: () => flow.push('assigned'),
      onFailed: (error) => t.fail(error),
      revokeTimeoutMs: 10_000,
      logger: options.logger,
    });
    rebalancing.handle({ code: kafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS } as LibrdKafkaError, [
      { topic, partition: 1 },
    ]);
    await eventually(() => flow.length > 0, { what: 'the answer to the rebalance' });
    const stale = { topic, partition: 1, offset: 3, value: null, size: 0 };
    t.same(assignment.recordsOf([stale], noJump), []);
    endRead();
    await eventually(() => flow.includes('assigned'), { what: 'the assignment' });
    t.same(flow, ['waits for the read', 'assigned']);
    t.equal(assignment.recordsOf([stale], noJump).length, 1);
    await rebalancing.leave();
  },

  'the committed offsets of the group are queried until they arrive, or the member leaves': async (
    t: Test,
  ) => {
    const mock = await startMock(t);
    const space = freshSpace();
    await createTopicsOf(mock, space);
    const options = kafkaOptions(mock.brokers, space);
    const topic = `${space}.${TOPICS.commands}`;
    const client = new kafka.KafkaConsumer(groupSettings(options), {});
    await connect(client, options, { allTopics: false });
    t.teardown(() => closeConsumer(client));
    const received: number[] = [];
    const member = () => {
      return new Rebalancing({
        client,
        topic,
        handlers: {
          async onAssigned(committed) {
            received.push(...committed.keys());
            return Promise.resolve(new Map());
          },
          onRevoked: () => Promise.resolve(),
          onRecords: () => undefined,
          onFailed: () => undefined,
        },
        assignment: new Assignment(),
        pauses: new Pauses(client, topic, () => undefined),
        delivered: () => Promise.resolve(),
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
    t.same(received, []);
    mock.thaw();
    await eventually(() => received.length > 0, { what: 'the offsets' });
    t.same(received, [1]);
    await waiting.leave();
  },
};

t.jobs = 6;
await Promise.all(Object.entries(tests).map(([name, run]) => t.test(name, { buffered: true }, run)));
