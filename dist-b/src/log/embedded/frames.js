/*
 * frame  = [topic u16] record                       one append on its way to the thread
 * record = [key bytes u32] [value bytes u32] key value
 * body   = record*                                  as a chunk is stored
 * batch  = ([partition u32] [first offset f64] [count u32] [timestamp f64] [body bytes u32] body)*
 */
const TOPIC_BYTES = 2;
const RECORD_HEADER_BYTES = 8;
const CHUNK_HEADER_BYTES = 28;
/** Topics are named once and numbered by their place in `topics`; at most 65 536. */
export function encodeAppends(records) {
    const topics = [];
    const frames = Buffer.allocUnsafeSlow(records.reduce((sum, record) => sum + frameBytes(record), 0));
    let at = 0;
    for (const { topic, key, value } of records) {
        let topicIndex = topics.indexOf(topic);
        if (topicIndex === -1)
            topicIndex = topics.push(topic) - 1;
        const keyAt = at + TOPIC_BYTES + RECORD_HEADER_BYTES;
        const keyBytes = frames.write(key, keyAt);
        frames.writeUInt16LE(topicIndex, at);
        frames.writeUInt32LE(keyBytes, at + TOPIC_BYTES);
        frames.writeUInt32LE(value.length, at + TOPIC_BYTES + 4);
        at = keyAt + keyBytes + value.copy(frames, keyAt + keyBytes);
    }
    return { topics, frames };
}
export function frameBytes({ key, value }) {
    return TOPIC_BYTES + RECORD_HEADER_BYTES + Buffer.byteLength(key) + value.length;
}
/** @param visit gets the key and the whole record, both as views */
export function readAppends(frames, visit) {
    for (let at = 0; at < frames.length;) {
        const recordAt = at + TOPIC_BYTES;
        const end = recordEnd(frames, recordAt);
        visit(frames.readUInt16LE(at), keyAt(frames, recordAt), frames.subarray(recordAt, end));
        at = end;
    }
}
/** The keys of a chunk's records as views, in order. */
export function* bodyKeys(body) {
    for (let at = 0; at < body.length; at = recordEnd(body, at))
        yield keyAt(body, at);
}
/** A chunk of only the record at an offset of the chunk. */
export function singleRecord(chunk, offset) {
    let at = 0;
    for (let skip = offset - chunk.firstOffset; skip > 0; skip--)
        at = recordEnd(chunk.body, at);
    const body = chunk.body.subarray(at, recordEnd(chunk.body, at));
    return { ...chunk, firstOffset: offset, count: 1, body };
}
/** One buffer with an ArrayBuffer of its own, so that it can be transferred. */
export function encodeBatch(chunks) {
    const bytes = chunks.reduce((sum, { body }) => sum + CHUNK_HEADER_BYTES + body.length, 0);
    const batch = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const { partition, firstOffset, count, timestamp, body } of chunks) {
        at = batch.writeUInt32LE(partition, at);
        at = batch.writeDoubleLE(firstOffset, at);
        at = batch.writeUInt32LE(count, at);
        at = batch.writeDoubleLE(timestamp, at);
        at = batch.writeUInt32LE(body.length, at);
        at += body.copy(batch, at);
    }
    return batch;
}
/** The chunks of a batch; their bodies are views into it. */
export function* decodeBatch(bytes) {
    const batch = asBuffer(bytes);
    for (let at = 0; at < batch.length;) {
        const bodyAt = at + CHUNK_HEADER_BYTES;
        const end = bodyAt + batch.readUInt32LE(at + 24);
        yield {
            partition: batch.readUInt32LE(at),
            firstOffset: batch.readDoubleLE(at + 4),
            count: batch.readUInt32LE(at + 12),
            timestamp: batch.readDoubleLE(at + 16),
            body: batch.subarray(bodyAt, end),
        };
        at = end;
    }
}
/** Adds the chunk's records from an offset on; keys and values are views into the chunk. */
export function collectRecords(chunk, fromOffset, records) {
    const { partition, timestamp, body } = chunk;
    let offset = chunk.firstOffset;
    for (let at = 0; at < body.length; offset++) {
        const end = recordEnd(body, at);
        if (offset >= fromOffset) {
            const valueAt = at + RECORD_HEADER_BYTES + body.readUInt32LE(at);
            records.push({
                partition,
                offset,
                timestamp,
                key: keyAt(body, at),
                value: body.subarray(valueAt, end),
            });
        }
        at = end;
    }
}
export function asBuffer(bytes) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
function keyAt(bytes, at) {
    const keyAt = at + RECORD_HEADER_BYTES;
    return bytes.subarray(keyAt, keyAt + bytes.readUInt32LE(at));
}
function recordEnd(bytes, at) {
    return at + RECORD_HEADER_BYTES + bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4);
}
//# sourceMappingURL=frames.js.map