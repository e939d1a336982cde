import type { LogRecord } from './log-record.ts';

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

export function encodeRecordFrame(records: readonly LogRecord[]): ArrayBuffer {
  let size = HEADER_BYTES + records.length * ENTRY_BYTES;
  for (const { key, value } of records) size += (key?.length ?? 0) + (value?.length ?? 0);
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
    if (key !== null) payload += key.copy(frame, payload);
    if (value !== null) payload += value.copy(frame, payload);
  }
  return memory;
}

/** The keys and values are views into the frame: they keep it alive, and are valid as long as it is. */
export function decodeRecordFrame(memory: ArrayBuffer): LogRecord[] {
  const view = new DataView(memory);
  const count = view.getUint32(0, true);
  const records = new Array<LogRecord>(count);
  let payload = HEADER_BYTES + count * ENTRY_BYTES;
  const take = (length: number): Buffer | null => {
    if (length < 0) return null;
    payload += length;
    return Buffer.from(memory, payload - length, length);
  };
  for (let index = 0; index < count; index += 1) {
    const entry = HEADER_BYTES + index * ENTRY_BYTES;
    records[index] = {
      offset: view.getFloat64(entry, true),
      timestamp: view.getFloat64(entry + 8, true),
      partition: view.getUint32(entry + 16, true),
      key: take(view.getInt32(entry + 20, true)),
      value: take(view.getInt32(entry + 24, true)),
    };
  }
  return records;
}
