import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { connect, closeProducer } from '../../../src/log/kafka/client-calls.ts';
import { fromKafkaHeaders, toKafkaHeaders } from '../../../src/log/kafka/records.ts';
import { createProducer } from '../../../src/log/kafka/client-calls.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { openLog, openReader } from '../conformance/traffic.ts';
import { kafkaOptions, mockKafkaHarness } from './harness.ts';

await t.test('if another producer sends several headers with one name, the last one wins', async (t) => {
  const mock = await MockKafka.start();
  t.teardown(() => mock.stop());
  const log = await openLog(t, mockKafkaHarness(mock), 'headers');
  const options = kafkaOptions(mock.brokers, 'headers');
  const producer = createProducer(options);
  await connect(producer, options, { allTopics: false });
  t.teardown(() => closeProducer(producer));
  const headers = [
    { a: 'first' },
    { b: Buffer.from('bytes') },
    { a: 'last' },
    JSON.parse('{"__proto__":"x"}') as object,
  ];
  producer.produce(`headers.${TOPICS.commands}`, 0, null, null, null, undefined, headers as { a: string }[]);
  const reader = await openReader(t, log, TOPICS.commands);
  await reader.received(1);
  t.match(reader.records, [{ partition: 0, offset: 0, key: null, value: null }]);
  t.strictSame(reader.records[0]?.headers, { a: 'last', b: 'bytes' });
});

await t.test('invalid UTF-8 and NUL in headers become replacement characters', (t) => {
  t.strictSame(fromKafkaHeaders([{ a: Buffer.of(0x61, 0xff, 0x62) }, { b: 'text' }]), {
    a: 'a\uFFFDb',
    b: 'text',
  });
  t.strictSame(toKafkaHeaders({ 'a\0b': 'c\0d' }), [{ 'a\uFFFDb': 'c\uFFFDd' }]);
  t.equal(fromKafkaHeaders([]), undefined);
  t.end();
});
