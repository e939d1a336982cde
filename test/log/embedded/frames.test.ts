import t from 'tap';
import fc from 'fast-check';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { OutgoingRecord } from '../../../src/log/event-log.ts';
import {
  bodyKeys,
  collectRecords,
  decodeBatch,
  encodeAppends,
  encodeBatch,
  frameBytes,
  readAppends,
  singleRecord,
} from '../../../src/log/embedded/frames.ts';

const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme' });
const record = fc.record({
  topic: fc.constantFrom('orders.commands', 'orders.status', 'orders.dlq'),
  key: fc.oneof(text, bytes, fc.constant(null)),
  value: fc.option(bytes, { nil: null }),
  headers: fc.option(fc.dictionary(text, text, { noNullPrototype: true }), { nil: undefined }),
});

/** As it is read back. */
function expectedOf({ key, value, headers }: OutgoingRecord) {
  const content = { key: typeof key === 'string' ? Buffer.from(key) : key, value };
  return Object.keys(headers ?? {}).length === 0 ? content : { ...content, headers };
}

await t.test('what is framed on one thread is read byte for byte on the other', async (t) => {
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const { topics, frames } = encodeAppends(records);
      t.equal(
        frames.length,
        records.reduce((sum, each) => sum + frameBytes(each), 0),
      );
      const bodies: Buffer[] = [];
      const keys: (Buffer | null)[] = [];
      const topicsRead: (string | undefined)[] = [];
      readAppends(frames, (topicIndex, key, body) => {
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
      t.strictSame(
        keys,
        expected.map(({ key }) => key),
      );
      t.strictSame([...bodyKeys(body)], keys);
      t.strictSame(read, [...expected, ...expected]);
    }),
    { numRuns: 100 },
  );
});

await t.test('a record without headers and nulls is stored as ever: two lengths, key, value', async (t) => {
  const { frames } = encodeAppends([{ topic: 't', key: 'key', value: Buffer.from('value') }]);
  t.equal(frames.toString('latin1'), '\0\0' + '\x03\0\0\0' + '\x05\0\0\0' + 'key' + 'value');
});

await t.test('records are collected from an offset on, and one can be singled out', async (t) => {
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
  t.same([...bodyKeys(singleRecord(chunk, 12).body)].map(String), ['c']);
});

await t.test('keys and values are views into the one buffer that came', async (t) => {
  const { frames } = encodeAppends([{ topic: 't', key: 'key', value: Buffer.from('value') }]);
  const batch = encodeBatch([
    { partition: 0, firstOffset: 0, count: 1, timestamp: 1, body: frames.subarray(2) },
  ]);
  const records: LogRecord[] = [];
  for (const chunk of decodeBatch(new Uint8Array(batch.buffer))) collectRecords(chunk, 0, records);
  t.equal(records[0]?.key?.buffer, batch.buffer);
  t.equal(records[0]?.value?.buffer, batch.buffer);
});
