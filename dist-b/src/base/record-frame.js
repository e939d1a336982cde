/**
 * Records as one block of memory, which crosses to another thread by being handed over, not copied:
 *
 *     u32 count, u32 reserved
 *     count × { f64 offset, f64 timestamp, u32 partition, i32 key bytes, i32 value bytes, u32 reserved }
 *     count × { key, value }
 *
 * Little endian; −1 bytes stands for null.
 */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 32;
export function encodeRecordFrame(records) {
    let size = HEADER_BYTES + records.length * ENTRY_BYTES;
    for (const { key, value } of records)
        size += (key?.length ?? 0) + (value?.length ?? 0);
    const memory = new ArrayBuffer(size);
    const frame = Buffer.from(memory);
    const view = new DataView(memory);
    view.setUint32(0, records.length, true);
    let entry = HEADER_BYTES;
    let payload = HEADER_BYTES + records.length * ENTRY_BYTES;
    for (const { offset, timestamp, partition, key, value } of records) {
        view.setFloat64(entry, offset, true);
        view.setFloat64(entry + 8, timestamp, true);
        view.setUint32(entry + 16, partition, true);
        view.setInt32(entry + 20, key?.length ?? -1, true);
        view.setInt32(entry + 24, value?.length ?? -1, true);
        entry += ENTRY_BYTES;
        if (key !== null)
            payload += key.copy(frame, payload);
        if (value !== null)
            payload += value.copy(frame, payload);
    }
    return memory;
}
/** The same for records that are still text: they are written into the frame without a buffer each. */
export function encodeTextFrame(records) {
    let size = HEADER_BYTES + records.length * ENTRY_BYTES;
    for (const { key, value } of records)
        size += Buffer.byteLength(key) + Buffer.byteLength(value);
    const memory = new ArrayBuffer(size);
    const frame = Buffer.from(memory);
    const view = new DataView(memory);
    view.setUint32(0, records.length, true);
    let entry = HEADER_BYTES;
    let payload = HEADER_BYTES + records.length * ENTRY_BYTES;
    for (const { key, value, timestamp } of records) {
        const keyBytes = frame.write(key, payload);
        const valueBytes = frame.write(value, payload + keyBytes);
        payload += keyBytes + valueBytes;
        view.setFloat64(entry + 8, timestamp, true);
        view.setInt32(entry + 20, keyBytes, true);
        view.setInt32(entry + 24, valueBytes, true);
        entry += ENTRY_BYTES;
    }
    return memory;
}
/** Reads a frame record by record, without an object for each that is only looked at. */
export class RecordFrame {
    count;
    #memory;
    #view;
    #bytes;
    /** where the key of a record begins; its value follows */
    #starts;
    constructor(memory) {
        this.#memory = memory;
        this.#view = new DataView(memory);
        this.#bytes = Buffer.from(memory);
        this.count = this.#view.getUint32(0, true);
        this.#starts = new Float64Array(this.count);
        let start = HEADER_BYTES + this.count * ENTRY_BYTES;
        for (let index = 0; index < this.count; index += 1) {
            this.#starts[index] = start;
            start += Math.max(0, this.#keyLength(index)) + Math.max(0, this.#valueLength(index));
        }
    }
    offset(index) {
        return this.#view.getFloat64(entryOf(index), true);
    }
    partition(index) {
        return this.#view.getUint32(entryOf(index) + 16, true);
    }
    /** As UTF-8; what is none has replacement characters in it. */
    keyText(index) {
        return this.#text(this.#keyStart(index), this.#keyLength(index));
    }
    valueText(index) {
        return this.#text(this.#valueStart(index), this.#valueLength(index));
    }
    /** The key and the value are views into the frame: they keep it alive, and are valid as long as it is. */
    record(index) {
        return {
            offset: this.offset(index),
            timestamp: this.#view.getFloat64(entryOf(index) + 8, true),
            partition: this.partition(index),
            key: this.#slice(this.#keyStart(index), this.#keyLength(index)),
            value: this.#slice(this.#valueStart(index), this.#valueLength(index)),
        };
    }
    #keyLength(index) {
        return this.#view.getInt32(entryOf(index) + 20, true);
    }
    #valueLength(index) {
        return this.#view.getInt32(entryOf(index) + 24, true);
    }
    #keyStart(index) {
        return this.#starts[index] ?? 0;
    }
    #valueStart(index) {
        return this.#keyStart(index) + Math.max(0, this.#keyLength(index));
    }
    #text(start, length) {
        return length < 0 ? null : this.#bytes.toString('utf8', start, start + length);
    }
    #slice(start, length) {
        return length < 0 ? null : Buffer.from(this.#memory, start, length);
    }
}
export function decodeRecordFrame(memory) {
    const frame = new RecordFrame(memory);
    return Array.from({ length: frame.count }, (_, index) => frame.record(index));
}
function entryOf(index) {
    return HEADER_BYTES + index * ENTRY_BYTES;
}
//# sourceMappingURL=record-frame.js.map