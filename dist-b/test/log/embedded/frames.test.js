import t from 'tap';
import fc from 'fast-check';
import { bodyKeys, collectRecords, decodeBatch, encodeAppends, encodeBatch, frameBytes, readAppends, singleRecord, } from "../../../src/log/embedded/frames.js";
const record = fc.record({
    topic: fc.constantFrom('orders.commands', 'orders.status', 'orders.dlq'),
    key: fc.string({ unit: 'grapheme' }),
    value: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
});
await t.test('what is framed on one thread is read byte for byte on the other', async (t) => {
    fc.assert(fc.property(fc.array(record), (records) => {
        const { topics, frames } = encodeAppends(records);
        t.equal(frames.length, records.reduce((sum, each) => sum + frameBytes(each), 0));
        const bodies = [];
        const keys = [];
        const topicsRead = [];
        readAppends(frames, (topicIndex, key, body) => {
            topicsRead.push(topics[topicIndex]);
            keys.push(key.toString());
            bodies.push(body);
        });
        const body = Buffer.concat(bodies);
        const chunk = { partition: 3, firstOffset: 2 ** 40, count: records.length, timestamp: 1.7e12, body };
        const read = [];
        for (const each of decodeBatch(encodeBatch([chunk, chunk])))
            collectRecords(each, 0, read);
        const expected = records.map(({ key, value }, index) => {
            return { partition: 3, offset: 2 ** 40 + index, timestamp: 1.7e12, key: Buffer.from(key), value };
        });
        t.same(topicsRead, records.map(({ topic }) => topic));
        t.same(keys, records.map(({ key }) => key));
        t.same([...bodyKeys(body)].map(String), keys);
        t.same(read, [...expected, ...expected]);
    }), { numRuns: 100 });
});
await t.test('records are collected from an offset on, and one can be singled out', async (t) => {
    const { frames } = encodeAppends(['a', 'b', 'c'].map((key) => ({ topic: 't', key, value: Buffer.from(key) })));
    const bodies = [];
    readAppends(frames, (_, __, body) => bodies.push(body));
    const chunk = { partition: 0, firstOffset: 10, count: 3, timestamp: 1, body: Buffer.concat(bodies) };
    const records = [];
    collectRecords(chunk, 11, records);
    t.same(records.map(({ offset, key }) => [offset, String(key)]), [
        [11, 'b'],
        [12, 'c'],
    ]);
    t.match(singleRecord(chunk, 12), { firstOffset: 12, count: 1 });
    t.same([...bodyKeys(singleRecord(chunk, 12).body)].map(String), ['c']);
});
await t.test('keys and values are views into the one buffer that came', async (t) => {
    const { frames } = encodeAppends([{ topic: 't', key: 'key', value: Buffer.from('value') }]);
    const batch = encodeBatch([
        { partition: 0, firstOffset: 0, count: 1, timestamp: 1, body: frames.subarray(2) },
    ]);
    const records = [];
    for (const chunk of decodeBatch(new Uint8Array(batch.buffer)))
        collectRecords(chunk, 0, records);
    t.equal(records[0]?.key?.buffer, batch.buffer);
    t.equal(records[0]?.value?.buffer, batch.buffer);
});
//# sourceMappingURL=frames.test.js.map