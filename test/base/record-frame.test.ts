import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import {
  decodeRecordFrame,
  encodeRecordFrame,
  isEmptyFrame,
  recordCount,
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

await t.test('records come out of a frame byte for byte, and null differs from empty', async () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 50 }), (records) => {
      const frame = structuredClone(encodeRecordFrame(records));
      return (
        isDeepStrictEqual(decodeRecordFrame(frame), records) &&
        recordCount(frame) === records.length &&
        isEmptyFrame(frame) === (records.length === 0)
      );
    }),
  );
});

await t.test('headers can be read alone, and empty headers become none', async (t) => {
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
  t.equal(frame.valueText(0), null);
  t.notOk('headers' in frame.record(2));
});

await t.test('a damaged record is refused, not read in part', (t) => {
  const frame = () => {
    const headers = { a: '1' };
    return Buffer.from(
      encodeRecordFrame([
        {
          partition: 0,
          offset: 0,
          timestamp: 0,
          key: Buffer.from('key'),
          value: Buffer.from('value'),
          headers,
        },
      ]),
    );
  };
  const read = (bytes: Buffer) => decodeRecordFrame(new Uint8Array(bytes).buffer);
  t.equal(read(frame()).length, 1);
  const damagedHeaders = frame();
  damagedHeaders.write('x', damagedHeaders.indexOf('{'));
  t.throws(() => read(damagedHeaders), { code: 'record-undecodable', message: /headers/ });
  const otherHeaders = frame();
  otherHeaders.write('["a",111]', otherHeaders.indexOf('{'));
  t.throws(() => read(otherHeaders), { code: 'record-undecodable', message: /headers/ });
  for (let length = 5; length < frame().length; length += 1) {
    t.throws(() => read(frame().subarray(0, length)), { code: 'record-undecodable' }, `${length} bytes`);
  }
  t.end();
});

await t.test('keys and values given as text are the same records as given as bytes', async () => {
  const text = fc.record({
    partition: fc.nat(),
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeNat(),
    key: fc.string({ unit: 'grapheme' }),
    value: fc.string({ unit: 'grapheme' }),
  });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 50 }), (texts) => {
      const frame = new RecordFrame(encodeRecordFrame(texts));
      return texts.every(({ key, value, ...position }, index) => {
        const asBytes = { ...position, key: Buffer.from(key), value: Buffer.from(value) };
        return (
          isDeepStrictEqual(frame.record(index), asBytes) &&
          frame.keyText(index) === key &&
          frame.valueText(index) === value &&
          frame.offset(index) === position.offset &&
          frame.partition(index) === position.partition
        );
      });
    }),
  );
});
