import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import {
  decodeRecordFrame,
  encodeRecordFrame,
  encodeTextFrame,
  RecordFrame,
} from '../../src/base/record-frame.ts';

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const headers = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
  minKeys: 1,
  maxKeys: 5,
  noNullPrototype: true,
});
const record = fc.record(
  {
    partition: fc.integer({ min: 0, max: 10_000 }),
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeNat(),
    key: fc.option(bytes, { nil: null }),
    value: fc.option(bytes, { nil: null }),
    headers,
  },
  { requiredKeys: ['partition', 'offset', 'timestamp', 'key', 'value'], noNullPrototype: true },
);

await t.test(
  'what is put into a frame comes out of it byte for byte, null and empty told apart',
  async () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 50 }), (records) => {
        const copied = decodeRecordFrame(structuredClone(encodeRecordFrame(records)));
        return isDeepStrictEqual(copied, records);
      }),
    );
  },
);

await t.test('headers can be read alone, and empty ones are none', async (t) => {
  const plain = { partition: 0, offset: 0, timestamp: 0, key: Buffer.from('key'), value: null };
  const frame = new RecordFrame(
    encodeRecordFrame([
      { ...plain, headers: { 'x-dlq-id': 'ключ-鍵-🔑', '': '' } },
      plain,
      { ...plain, headers: {} },
      { ...plain, value: Buffer.from('value'), headers: { a: '1' } },
    ]),
  );
  t.strictSame(
    [0, 1, 2, 3].map((index) => frame.headers(index)),
    [{ 'x-dlq-id': 'ключ-鍵-🔑', '': '' }, undefined, undefined, { a: '1' }],
  );
  t.equal(frame.valueText(3), 'value');
  t.notOk('headers' in frame.record(2));
});

await t.test('a frame of texts reads as the records they would be', async () => {
  const text = fc.record(
    {
      key: fc.string({ unit: 'grapheme' }),
      value: fc.string({ unit: 'grapheme' }),
      timestamp: fc.maxSafeNat(),
      offset: fc.maxSafeNat(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 50 }), (texts) => {
      const memory = encodeTextFrame(texts);
      const frame = new RecordFrame(memory);
      const read = texts.map((_, index) => ({
        key: frame.keyText(index),
        value: frame.valueText(index),
        timestamp: frame.record(index).timestamp,
        offset: frame.offset(index),
      }));
      const asRecords = texts.map(({ key, value, timestamp, offset }) => ({
        partition: 0,
        offset,
        timestamp,
        key: Buffer.from(key),
        value: Buffer.from(value),
      }));
      return (
        isDeepStrictEqual(
          read,
          texts.map((one) => ({ ...one })),
        ) && isDeepStrictEqual(decodeRecordFrame(memory), asRecords)
      );
    }),
  );
});
