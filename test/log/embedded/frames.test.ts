import t from 'tap';
import fc from 'fast-check';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { OutgoingRecord } from '../../../src/log/event-log.ts';
import {
  appendBytes,
  collectRecords,
  decodeBatch,
  encodeAppends,
  encodeBatch,
  readAppends,
  recordsOf,
  singleRecord,
} from '../../../src/log/embedded/frames.ts';

const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme' });
const record = fc.record({
  topic: fc.constantFrom('orders.commands', 'orders.status', 'orders.dlq'),
  key: fc.oneof(text, bytes, fc.constant(null)),
  value: fc.option(bytes, { nil: null }),
  headers: fc.option(fc.dictionary(text, text, { noNullPrototype: true }), { nil: undefined }),
  partition: fc.option(fc.nat(2_000), { nil: undefined }),
});

/** As it is read back. */
function expectedOf({ key, value, headers }: OutgoingRecord) {
  const content = { key: typeof key === 'string' ? Buffer.from(key) : key, value };
  return Object.keys(headers ?? {}).length === 0 ? content : { ...content, headers };
}

await t.test('records framed on one thread are read byte for byte on the other', async (t) => {
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const { topics, frames } = encodeAppends(records);
      t.equal(
        frames.length,
        records.reduce((sum, each) => sum + appendBytes(each), 0),
      );
      const bodies: Buffer[] = [];
      const keys: (Buffer | null)[] = [];
      const topicsRead: (string | undefined)[] = [];
      const partitions: (number | undefined)[] = [];
      readAppends(frames, (topicIndex, key, body, partition) => {
        partitions.push(partition);
        topicsRead.push(topics[topicIndex]);
        keys.push(key);
        bodies.push(body);
      });
      const body = Buffer.concat(bodies);
      const chunk = { partition: 3, firstOffset: 2 ** 40, count: records.length, timestamp: 1.7e12, body };
      const read: LogRecord[] = [];
      for (const each of decodeBatch(encodeBatch([chunk, chunk]))) collectRecords(each, 0, read);
      const expected = records.map((each, index) => {
        return { partition: 3, offset: 2 ** 40 + index, timestamp: 1.7e12, ...expectedOf(each) };
      });
      t.same(
        topicsRead,
        records.map(({ topic }) => topic),
      );
      t.same(
        partitions,
        records.map(({ partition }) => partition),
      );
      t.strictSame(
        keys,
        expected.map(({ key }) => key),
      );
      t.strictSame(
        [...recordsOf(body)].map(({ key }) => key),
        keys,
      );
      t.strictSame(read, [...expected, ...expected]);
    }),
    { numRuns: 100 },
  );
});

await t.test('the format on disk is fixed: lengths with flags, key, value, headers', async (t) => {
  const stored = (record: Omit<OutgoingRecord, 'topic'>) => {
    const { frames } = encodeAppends([{ topic: 't', ...record }]);
    return frames.subarray(6).toString('latin1');
  };
  const value = Buffer.from('value');
  t.equal(stored({ key: 'key', value }), '\x03\0\0\0' + '\x05\0\0\0' + 'key' + 'value');
  t.equal(stored({ key: null, value: null }), '\0\0\0\x80' + '\0\0\0\x80');
  t.equal(
    stored({ key: 'key', value, headers: { a: '1' } }),
    '\x03\0\0\x40' + '\x05\0\0\0' + '\x09\0\0\0' + 'key' + 'value' + '{"a":"1"}',
  );
});

await t.test('records are collected from an offset on, and a single one can be taken', async (t) => {
  const { frames } = encodeAppends(
    ['a', 'b', 'c'].map((key) => ({ topic: 't', key, value: Buffer.from(key) })),
  );
  const bodies: Buffer[] = [];
  readAppends(frames, (_, __, body) => bodies.push(body));
  const chunk = { partition: 0, firstOffset: 10, count: 3, timestamp: 1, body: Buffer.concat(bodies) };
  const records: LogRecord[] = [];
  collectRecords(chunk, 11, records);
  t.same(
    records.map(({ offset, key }) => [offset, String(key)]),
    [
      [11, 'b'],
      [12, 'c'],
    ],
  );
  t.match(singleRecord(chunk, 12), { firstOffset: 12, count: 1 });
  t.same(
    [...recordsOf(singleRecord(chunk, 12).body)].map(({ keyText }) => keyText),
    ['c'],
  );
});

await t.test('keys and values are views into the received buffer', async (t) => {
  const { frames } = encodeAppends([{ topic: 't', key: 'key', value: Buffer.from('value') }]);
  const batch = encodeBatch([
    { partition: 0, firstOffset: 0, count: 1, timestamp: 1, body: frames.subarray(6) },
  ]);
  const records: LogRecord[] = [];
  for (const chunk of decodeBatch(new Uint8Array(batch.buffer))) collectRecords(chunk, 0, records);
  t.equal(records[0]?.key?.buffer, batch.buffer);
  t.equal(records[0]?.value?.buffer, batch.buffer);
});
