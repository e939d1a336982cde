import type { LogRecord, RecordHeaders } from './log-record.ts';
import { headersOfText, headersText } from './record-headers.ts';

/**
 * Records as one block of memory, which crosses to another thread by being handed over, not copied:
 *
 *     u32 count, u32 reserved
 *     count × { f64 offset, f64 timestamp, u32 partition, i32 key bytes, i32 value bytes, u32 headers bytes }
 *     count × { key, value, headers as JSON }
 *
 * Little endian; −1 bytes stands for null, 0 bytes of headers for none.
 */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 32;

export function encodeRecordFrame(records: readonly LogRecord[]): ArrayBuffer {
  let size = HEADER_BYTES + records.length * ENTRY_BYTES;
  const headersOf = new Map<LogRecord, Buffer>();
  for (const record of records) {
    size += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (record.headers === undefined) continue;
    const encoded = Buffer.from(headersText(record.headers));
    headersOf.set(record, encoded);
    size += encoded.length;
  }
  const memory = new ArrayBuffer(size);
  const frame = Buffer.from(memory);
  const view = new DataView(memory);
  view.setUint32(0, records.length, true);
  let entry = HEADER_BYTES;
  let payload = HEADER_BYTES + records.length * ENTRY_BYTES;
  for (const record of records) {
    const { offset, timestamp, partition, key, value, headers } = record;
    view.setFloat64(entry, offset, true);
    view.setFloat64(entry + 8, timestamp, true);
    view.setUint32(entry + 16, partition, true);
    view.setInt32(entry + 20, key?.length ?? -1, true);
    view.setInt32(entry + 24, value?.length ?? -1, true);
    if (key !== null) payload += key.copy(frame, payload);
    if (value !== null) payload += value.copy(frame, payload);
    if (headers !== undefined) {
      const headersBytes = headersOf.get(record)?.copy(frame, payload) ?? 0;
      view.setUint32(entry + 28, headersBytes, true);
      payload += headersBytes;
    }
    entry += ENTRY_BYTES;
  }
  return memory;
}

export function recordCount(memory: ArrayBuffer): number {
  return new DataView(memory).getUint32(0, true);
}

/** A frame without records. */
export function isEmptyFrame(memory: ArrayBuffer): boolean {
  return memory.byteLength === HEADER_BYTES;
}

export interface TextRecord {
  offset: number;
  key: string;
  value: string;
  timestamp: number;
}

/** The same for records that are still text and without headers: they go into the frame without a buffer each. */
export function encodeTextFrame(records: readonly TextRecord[]): ArrayBuffer {
  let size = HEADER_BYTES + records.length * ENTRY_BYTES;
  for (const { key, value } of records) size += Buffer.byteLength(key) + Buffer.byteLength(value);
  const memory = new ArrayBuffer(size);
  const frame = Buffer.from(memory);
  const view = new DataView(memory);
  view.setUint32(0, records.length, true);
  let entry = HEADER_BYTES;
  let payload = HEADER_BYTES + records.length * ENTRY_BYTES;
  for (const { key, value, timestamp, offset } of records) {
    const keyBytes = frame.write(key, payload);
    const valueBytes = frame.write(value, payload + keyBytes);
    payload += keyBytes + valueBytes;
    view.setFloat64(entry, offset, true);
    view.setFloat64(entry + 8, timestamp, true);
    view.setInt32(entry + 20, keyBytes, true);
    view.setInt32(entry + 24, valueBytes, true);
    entry += ENTRY_BYTES;
  }
  return memory;
}

/** Reads a frame record by record, without an object for each that is only looked at. */
export class RecordFrame {
  readonly count: number;
  readonly #memory: ArrayBuffer;
  readonly #view: DataView;
  readonly #bytes: Buffer;
  /** where the key of a record begins; its value and its headers follow */
  readonly #starts: Float64Array;

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
    this.#view = new DataView(memory);
    this.#bytes = Buffer.from(memory);
    this.count = this.#view.getUint32(0, true);
    this.#starts = new Float64Array(this.count);
    let start = HEADER_BYTES + this.count * ENTRY_BYTES;
    for (let index = 0; index < this.count; index += 1) {
      this.#starts[index] = start;
      start += Math.max(0, this.#keyLength(index)) + Math.max(0, this.#valueLength(index));
      start += this.#headersLength(index);
    }
  }

  offset(index: number): number {
    return this.#view.getFloat64(entryOf(index), true);
  }

  partition(index: number): number {
    return this.#view.getUint32(entryOf(index) + 16, true);
  }

  /** As UTF-8; what is none has replacement characters in it. */
  keyText(index: number): string | null {
    return this.#text(this.#keyStart(index), this.#keyLength(index));
  }

  valueText(index: number): string | null {
    return this.#text(this.#valueStart(index), this.#valueLength(index));
  }

  headers(index: number): RecordHeaders | undefined {
    const length = this.#headersLength(index);
    if (length === 0) return undefined;
    const start = this.#valueStart(index) + Math.max(0, this.#valueLength(index));
    return headersOfText(this.#bytes.toString('utf8', start, start + length));
  }

  /** The key and the value are views into the frame: they keep it alive, and are valid as long as it is. */
  record(index: number): LogRecord {
    const record: LogRecord = {
      offset: this.offset(index),
      timestamp: this.#view.getFloat64(entryOf(index) + 8, true),
      partition: this.partition(index),
      key: this.#slice(this.#keyStart(index), this.#keyLength(index)),
      value: this.#slice(this.#valueStart(index), this.#valueLength(index)),
    };
    const headers = this.headers(index);
    if (headers !== undefined) record.headers = headers;
    return record;
  }

  #keyLength(index: number): number {
    return this.#view.getInt32(entryOf(index) + 20, true);
  }

  #valueLength(index: number): number {
    return this.#view.getInt32(entryOf(index) + 24, true);
  }

  #headersLength(index: number): number {
    return this.#view.getUint32(entryOf(index) + 28, true);
  }

  #keyStart(index: number): number {
    return this.#starts[index] ?? 0;
  }

  #valueStart(index: number): number {
    return this.#keyStart(index) + Math.max(0, this.#keyLength(index));
  }

  #text(start: number, length: number): string | null {
    return length < 0 ? null : this.#bytes.toString('utf8', start, start + length);
  }

  #slice(start: number, length: number): Buffer | null {
    return length < 0 ? null : Buffer.from(this.#memory, start, length);
  }
}

export function decodeRecordFrame(memory: ArrayBuffer): LogRecord[] {
  const frame = new RecordFrame(memory);
  return Array.from({ length: frame.count }, (_, index) => frame.record(index));
}

function entryOf(index: number): number {
  return HEADER_BYTES + index * ENTRY_BYTES;
}
