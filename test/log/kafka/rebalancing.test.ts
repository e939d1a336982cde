import kafka, { type KafkaConsumer, type LibrdKafkaError, type TopicPartition } from 'node-rdkafka';
import t from 'tap';
import { createLogger } from '../../../src/base/logger.ts';
import { Assignment } from '../../../src/log/kafka/assignment.ts';
import type { Pauses } from '../../../src/log/kafka/pauses.ts';
import { Rebalancing } from '../../../src/log/kafka/rebalancing.ts';
import { eventually } from '../../../tools/support/eventually.ts';

const TOPIC = 'orders.commands';

await t.test('a partition assigned while the consumer leaves is given back to its handler', async (t) => {
  const events: string[] = [];
  const answers: string[] = [];
  const client = {
    committed(partitions: TopicPartition[], _timeout: number, done: (error: null, result: unknown) => void) {
      done(null, partitions);
    },
    incrementalAssign: () => answers.push('assign'),
    incrementalUnassign: () => answers.push('unassign'),
  } as unknown as KafkaConsumer;
  let prepared = (_from: Map<number, number>): void => undefined;
  const assignment = new Assignment();
  const rebalancing = new Rebalancing({
    ...{ client, topic: TOPIC, assignment, revokeTimeoutMs: 20_000, logger: createLogger('silent') },
    pauses: { resume: () => undefined, drop: () => undefined } as unknown as Pauses,
    handlers: {
      onAssigned(committed) {
        events.push(`assigned ${[...committed.keys()].join()}`);
        return new Promise((resolve) => (prepared = resolve));
      },
      onRevoked(partitions) {
        events.push(`revoked ${partitions.join()}`);
        return Promise.resolve();
      },
      onRecords: () => undefined,
      onFailed: (error) => t.fail(error.message),
    },
    delivered: () => Promise.resolve(),
    onAssigned: () => undefined,
    onFailed: (error) => t.fail(error.message),
  });
  const { ERR__ASSIGN_PARTITIONS: code } = kafka.CODES.ERRORS;
  rebalancing.handle({ code } as LibrdKafkaError, [{ topic: TOPIC, partition: 3 }]);
  await eventually(() => events.length === 1, { what: 'the handler to be asked where to start' });
  const left = rebalancing.leave();
  prepared(new Map([[3, 7]]));
  await left;
  t.same(events, ['assigned 3', 'revoked 3']);
  t.same(answers, ['assign'], 'librdkafka waits for one answer');
  t.equal(assignment.size, 0, 'the partition delivers no records');
});

await t.test('a rebalance is answered while the client closes, and ignored when it is closed', async (t) => {
  const answers: string[] = [];
  let isClosed = false;
  // As node-rdkafka does: not an Error.
  const refusal = { message: 'KafkaConsumer is disconnected', code: kafka.CODES.ERRORS.ERR__STATE };
  const client = {
    incrementalAssign() {
      throw refusal as unknown as Error;
    },
    incrementalUnassign() {
      if (isClosed) throw refusal as unknown as Error;
      answers.push('unassign');
    },
  } as unknown as KafkaConsumer;
  const rebalancing = new Rebalancing({
    ...{
      client,
      topic: TOPIC,
      assignment: new Assignment(),
      revokeTimeoutMs: 20_000,
      logger: createLogger('silent'),
    },
    pauses: { resume: () => undefined, drop: () => undefined } as unknown as Pauses,
    handlers: {
      onAssigned: () => Promise.resolve(new Map()),
      onRevoked: () => Promise.resolve(),
      onRecords: () => undefined,
      onFailed: (error) => t.fail(error.message),
    },
    delivered: () => Promise.resolve(),
    onAssigned: () => undefined,
    onFailed: (error) => t.fail(error.message),
  });
  await rebalancing.leave();
  const assignment = { code: kafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS } as LibrdKafkaError;
  rebalancing.handle(assignment, [{ topic: TOPIC, partition: 3 }]);
  t.same(answers, ['unassign']);
  isClosed = true;
  rebalancing.handle(assignment, [{ topic: TOPIC, partition: 3 }]);
  t.same(answers, ['unassign']);
});
