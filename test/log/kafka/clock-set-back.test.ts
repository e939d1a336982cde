import t, { type Test } from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { createConsumer } from '../../../src/log/kafka/client-calls.ts';
import { ClockWatch } from '../../../src/log/kafka/clock-watch.ts';
import { KafkaConsumer } from '../../../src/log/kafka/consumer.ts';
import { KafkaFollower } from '../../../src/log/kafka/follower.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { WallClock } from '../../../src/log/kafka/wall-clock.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { Reader } from '../conformance/reader.ts';
import { appendNumbered, freshSpace, keys, runsAreWhole } from '../conformance/traffic.ts';
import { createTopicsOf, kafkaOptions, MOCK_SETTINGS } from './harness.ts';

const HOUR_MS = 3_600_000;

class SteppableClock {
  #offsetMs = 0;
  watch(): ClockWatch {
    return new ClockWatch(() => new WallClock(() => this.#offsetMs), 10);
  }

  setBack(): void {
    this.#offsetMs -= HOUR_MS;
  }
}

async function world(t: Test) {
  const mock = await MockKafka.start();
  t.teardown(() => mock.stop());
  const space = freshSpace();
  await createTopicsOf(mock, space);
  const options = kafkaOptions(mock.brokers, space, { clientSettings: MOCK_SETTINGS });
  const log = new KafkaEventLog(options);
  await log.start();
  t.teardown(() => log.stop());
  const clock = new SteppableClock();
  const name = (topic: string) => `${space}.${topic}`;
  const startReader = async () => {
    const consumer: KafkaEventLog['consumer'] = (topic, handlers) =>
      new KafkaConsumer(options, name(topic), handlers, clock.watch());
    const reader = new Reader({ consumer }, TOPICS.commands, { commits: true });
    await reader.consumer.start();
    t.teardown(() => reader.consumer.stop());
    await reader.allAssigned();
    return reader;
  };
  const revoked = (reader: Reader) =>
    reader.reached(() => reader.assigned.size === 0, 'all partitions to be revoked');
  const followStatus = async (values: string[], createClient = createConsumer) => {
    const follower = new KafkaFollower(
      options,
      name(TOPICS.status),
      (records) => values.push(...records.map(({ value }) => String(value))),
      createClient,
      clock.watch(),
    );
    await follower.start();
    t.teardown(() => follower.stop());
    return follower;
  };
  return { mock, log, clock, startReader, revoked, followStatus };
}

const tests = {
  'a consumer gets a new client, and continues where it was': async (t: Test) => {
    const { log, clock, startReader, revoked } = await world(t);
    const reader = await startReader();
    await appendNumbered(log, TOPICS.commands, keys(10), 10);
    await reader.received(10);
    clock.setBack();
    await revoked(reader);
    await appendNumbered(log, TOPICS.commands, keys(10), 10);
    await reader.received(20);
    t.equal(reader.records.length, 20);
    runsAreWhole(t, reader.records);
    t.same(reader.failures, []);
  },

  'a consumer gets a new client as often as the clock is set back': async (t: Test) => {
    const { clock, startReader, revoked } = await world(t);
    const reader = await startReader();
    for (let step = 0; step < 2; step += 1) {
      clock.setBack();
      await revoked(reader);
      await reader.allAssigned();
    }
    t.same(reader.failures, []);
  },

  'a consumer and a follower stop while no broker can be reached': async (t: Test) => {
    const { mock, log, clock, startReader, revoked, followStatus } = await world(t);
    const reader = await startReader();
    const follower = await followStatus([]);
    await log.stop();
    await mock.stop();
    clock.setBack();
    await revoked(reader);
    await Promise.all([reader.consumer.stop(), follower.stop()]);
    t.same(reader.failures, []);
  },

  'a follower gets a new client, and continues where it was': async (t: Test) => {
    const { log, clock, followStatus } = await world(t);
    const values: string[] = [];
    await followStatus(values);
    const append = (value: string) =>
      log.append({ topic: TOPICS.status, key: 'one', value: Buffer.from(value) });
    const expected: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const value of [`${round}a`, `${round}b`]) {
        expected.push(value);
        await append(value);
      }
      if (round === 1) await eventually(() => values.length === 4, { what: 'four records' });
      clock.setBack();
    }
    await eventually(() => values.length >= expected.length, { what: 'all records' });
    t.same(values, expected);
  },

  'a follower gets a new client even if the old one cannot be closed': async (t: Test) => {
    const { log, clock, followStatus } = await world(t);
    const values: string[] = [];
    let created = 0;
    await followStatus(values, (settings, logger) => {
      const client = createConsumer(settings, logger);
      created += 1;
      const disconnect = client.disconnect.bind(client);
      const failing = (done: (error: Error) => void) => disconnect(() => done(new Error('no')));
      return created > 1 ? client : Object.assign(client, { disconnect: failing });
    });
    clock.setBack();
    await eventually(() => created > 1, { what: 'a new client' });
    await log.append({ topic: TOPICS.status, key: 'one', value: Buffer.from('later') });
    await eventually(() => values.length > 0, { what: 'the record' });
    t.same(values, ['later']);
  },
};

t.jobs = 4;
await Promise.all(Object.entries(tests).map(([name, run]) => t.test(name, { buffered: true }, run)));
