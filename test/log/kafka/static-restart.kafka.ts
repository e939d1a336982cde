import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { startKafka } from '../../../tools/kafka/broker-process.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { PARTITIONS } from '../conformance/harness.ts';
import { type Committed, fromCommitted, type Reader } from '../conformance/reader.ts';
import { freshSpace, openLog, openReader } from '../conformance/traffic.ts';
import { kafkaOptions } from './harness.ts';

const TIMEOUT_MS = 60_000;

interface Member {
  reader: Reader;
  /** how often it was assigned a partition */
  assignments: () => number;
  stop: () => Promise<void>;
}

async function member(t: Test, brokers: string, space: string, groupInstanceId: string): Promise<Member> {
  const open = () => Promise.resolve(new KafkaEventLog(kafkaOptions(brokers, space, { groupInstanceId })));
  const log = await openLog(t, { open, severalMembers: true, jobs: 1 }, space);
  let assignments = 0;
  const from = (committed: Committed) => {
    assignments += committed.size;
    return fromCommitted(committed);
  };
  const reader = await openReader(t, log, TOPICS.commands, { commits: true, from });
  const stop = async () => {
    await reader.consumer.stop();
    await log.stop();
  };
  return { reader, assignments: () => assignments, stop };
}

await t.test(
  'when static members and Kafka stop during a rebalance, no partition stays unassigned',
  { timeout: 240_000 },
  async (t) => {
    const dataDirectory = join(await temporaryFolder(t), 'kafka');
    const kafka = await startKafka({ dataDirectory });
    t.teardown(() => kafka.kill());
    const space = freshSpace();
    const older = await member(t, kafka.brokers, space, 'worker-1');
    const holds = (count: number) => older.reader.assigned.size === count;
    const hasJoinedTwice = () => older.assignments() === 2 * PARTITIONS && holds(PARTITIONS);
    await eventually(hasJoinedTwice, {
      what: 'the only member to have all partitions',
      timeoutMs: TIMEOUT_MS,
    });
    const newer = await member(t, kafka.brokers, space, 'worker-2');
    // They are unassigned for about as long as a heartbeat takes.
    await eventually(() => !holds(PARTITIONS), { what: 'it to give up some', timeoutMs: TIMEOUT_MS });
    await Promise.all([older.stop(), newer.stop()]);
    await kafka.stop();
    const again = await startKafka({ dataDirectory, port: kafka.port });
    t.teardown(() => again.stop());
    const members = await Promise.all(
      ['worker-1', 'worker-2'].map((name) => member(t, again.brokers, space, name)),
    );
    const assigned = () => members.flatMap(({ reader }) => [...reader.assigned]).sort();
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    await eventually(() => assigned().join() === all.join(), {
      what: 'every partition to have an owner',
      timeoutMs: TIMEOUT_MS,
    });
    t.same(assigned(), all);
    for (const { stop } of members) await stop();
  },
);
