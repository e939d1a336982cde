import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { decodeRecordFrame, encodeRecordFrame, encodeTextFrame, RecordFrame, } from "../../src/base/record-frame.js";
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const record = fc.record({
    partition: fc.integer({ min: 0, max: 10_000 }),
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeNat(),
    key: fc.option(bytes, { nil: null }),
    value: fc.option(bytes, { nil: null }),
}, { noNullPrototype: true });
await t.test('what is put into a frame comes out of it byte for byte, null and empty told apart', async () => {
    fc.assert(fc.property(fc.array(record, { maxLength: 50 }), (records) => {
        const copied = decodeRecordFrame(structuredClone(encodeRecordFrame(records)));
        return isDeepStrictEqual(copied, records);
    }));
});
await t.test('a frame of texts reads as the records they would be', async () => {
    const text = fc.record({
        key: fc.string({ unit: 'grapheme' }),
        value: fc.string({ unit: 'grapheme' }),
        timestamp: fc.maxSafeNat(),
    }, { noNullPrototype: true });
    fc.assert(fc.property(fc.array(text, { maxLength: 50 }), (texts) => {
        const memory = encodeTextFrame(texts);
        const frame = new RecordFrame(memory);
        const read = texts.map((_, index) => ({
            key: frame.keyText(index),
            value: frame.valueText(index),
            timestamp: frame.record(index).timestamp,
        }));
        const asRecords = texts.map(({ key, value, timestamp }) => ({
            partition: 0,
            offset: 0,
            timestamp,
            key: Buffer.from(key),
            value: Buffer.from(value),
        }));
        return (isDeepStrictEqual(read, texts.map((one) => ({ ...one }))) && isDeepStrictEqual(decodeRecordFrame(memory), asRecords));
    }));
});
//# sourceMappingURL=record-frame.test.js.map