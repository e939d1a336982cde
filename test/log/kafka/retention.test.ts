import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { alignStore, verifyAlignment } from '../../../src/app/alignment.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { openAlignmentStore } from '../../../src/store/open/open-store.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { migratedTarget } from '../../store/sqlite/make-store.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { Reader } from '../conformance/reader.ts';
import { freshSpace } from '../conformance/traffic.ts';
import { createTopicsOf, kafkaOptions, MOCK_SETTINGS } from './harness.ts';

// The mock cluster deletes the oldest records of a partition above about 5 MB.
const RECORD_BYTES = 200_000;
const RECORDS = 60;

async function openLog(t: Test): Promise<KafkaEventLog> {
  const mock = await MockKafka.start();
  t.teardown(() => mock.stop());
  const space = freshSpace();
  await createTopicsOf(mock, space);
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, space, { clientSettings: MOCK_SETTINGS }));
  await log.start();
  t.teardown(() => log.stop());
  return log;
}

function append(log: KafkaEventLog, value: Buffer) {
  return log.append({ topic: TOPICS.commands, key: 'one', value });
}

/** Appends until the mock cluster has deleted the first records. @returns the first offset that is left */
async function overflow(log: KafkaEventLog, partition: number): Promise<number> {
  for (let index = 0; index < RECORDS; index += 1) await append(log, randomBytes(RECORD_BYTES));
  return (await log.ranges(TOPICS.commands))[partition]?.start ?? 0;
}

await t.test('a consumer fails if its next record was deleted while it was paused', async (t) => {
  const log = await openLog(t);
  const reader = new Reader(log, TOPICS.commands, {
    onRecords: (records, consumer) => consumer.pause([...new Set(records.map(({ partition }) => partition))]),
  });
  await reader.consumer.start();
  t.teardown(() => reader.consumer.stop());
  await reader.allAssigned();
  const { partition } = await append(log, Buffer.from('first'));
  await reader.received(1);
  const start = await overflow(log, partition);
  t.ok(start > 1, `records before offset ${start} were deleted`);
  const received = reader.records.length;
  // Every batch pauses the partition again.
  const resuming = setInterval(() => reader.consumer.resume([partition]), 20);
  t.teardown(() => clearInterval(resuming));
  await eventually(() => reader.failures.length > 0, { what: 'the failure' });
  const [failure] = reader.failures;
  t.match(failure, { code: 'log-mismatch' });
  const [, from, to] = /offsets (\d+) to (\d+) were never processed/.exec(failure?.message ?? '') ?? [];
  t.match(failure?.message, `.${TOPICS.commands}/${partition}: `);
  t.ok(Number(to) < start, 'it names the deleted records');
  const delivered = reader.offsetsOf(partition);
  t.ok(received <= delivered.length);
  t.equal(delivered.at(-1), Number(from) - 1, 'no record was delivered after the gap');
});

await t.test('a service refuses to start after retention has overtaken it', async (t) => {
  const log = await openLog(t);
  const store = await openAlignmentStore(await migratedTarget(t), createWriteLock());
  t.teardown(() => store.close());
  const { partition } = await append(log, Buffer.from('first'));
  const topic = log.progressName(TOPICS.commands);
  const next = { nextOffset: 1, lastRecord: undefined };
  await store.accept(topic, undefined, new Map([[partition, { loaded: undefined, next }]]));
  await alignStore(log, store);
  t.match((await store.read(topic)).identity, /^[0-9a-f-]{36}$/, 'a topic gets an identity in the store');
  const start = await overflow(log, partition);
  const message = new RegExp(`/${partition}: offsets 1 to ${start - 1} were never processed`);
  await t.rejects(alignStore(log, store), { code: 'log-mismatch', message });
  const read = () => store.read(topic);
  await t.rejects(verifyAlignment(log, read, [partition]), { code: 'log-mismatch', message });
  await t.resolves(verifyAlignment(log, read, [(partition + 1) % 4]), 'only the assigned partitions count');
});
