import type { LogRecord, RecordHeaders } from './log-record.ts';
import { EncodedRecord, recordBytes, type RecordContent, writeRecord } from './record-bytes.ts';

/**
 * Records as one block of memory, which crosses to another thread by transfer, without a copy:
 *
 *     u32 count, then count × { f64 offset, f64 timestamp, u32 partition, record (see record-bytes.ts) }
 */
const COUNT_BYTES = 4;
const POSITION_BYTES = 20;

/** A LogRecord whose key and value may be text, so that the caller need not encode it into a buffer first. */
interface FrameRecord extends RecordContent {
  partition: number;
  offset: number;
  timestamp: number;
}

export function encodeRecordFrame(records: readonly FrameRecord[]): ArrayBuffer {
  const size = records.reduce((sum, record) => sum + POSITION_BYTES + recordBytes(record), COUNT_BYTES);
  const frame = Buffer.allocUnsafeSlow(size);
  let at = frame.writeUInt32LE(records.length);
  for (const record of records) {
    at = frame.writeDoubleLE(record.offset, at);
    at = frame.writeDoubleLE(record.timestamp, at);
    at = frame.writeUInt32LE(record.partition, at);
    at = writeRecord(frame, at, record);
  }
  return frame.buffer;
}

export function recordCount(frame: ArrayBuffer): number {
  return new DataView(frame).getUint32(0, true);
}

export function isEmptyFrame(frame: ArrayBuffer): boolean {
  return frame.byteLength === COUNT_BYTES;
}

/**
 * Reads a frame record by record; decodes keys, values and headers only on request. Frames never leave the process; a damaged one ends
 * in a ServiceError `record-undecodable`.
 */
export class RecordFrame {
  readonly #bytes: Buffer;
  readonly #records: EncodedRecord[] = [];

  constructor(frame: ArrayBuffer) {
    this.#bytes = Buffer.from(frame);
    for (let at = COUNT_BYTES; at < this.#bytes.length;) {
      const record = new EncodedRecord(this.#bytes, at + POSITION_BYTES);
      this.#records.push(record);
      at = record.end;
    }
  }

  get count(): number {
    return this.#records.length;
  }

  offset(index: number): number {
    return this.#bytes.readDoubleLE(this.#at(index).start - POSITION_BYTES);
  }

  timestamp(index: number): number {
    return this.#bytes.readDoubleLE(this.#at(index).start - 12);
  }

  partition(index: number): number {
    return this.#bytes.readUInt32LE(this.#at(index).start - 4);
  }

  /** As UTF-8; invalid bytes become replacement characters. */
  keyText(index: number): string | null {
    return this.#at(index).keyText;
  }

  valueText(index: number): string | null {
    return this.#at(index).valueText;
  }

  headers(index: number): RecordHeaders | undefined {
    return this.#at(index).headers;
  }

  /** The key and the value are views into the frame: they keep it in memory. */
  record(index: number): LogRecord {
    const { start, key, value, headers } = this.#at(index);
    const record: LogRecord = {
      offset: this.offset(index),
      timestamp: this.#bytes.readDoubleLE(start - 12),
      partition: this.partition(index),
      key,
      value,
    };
    if (headers !== undefined) record.headers = headers;
    return record;
  }

  #at(index: number): EncodedRecord {
    return this.#records[index] as EncodedRecord;
  }
}

export function decodeRecordFrame(memory: ArrayBuffer): LogRecord[] {
  const frame = new RecordFrame(memory);
  return Array.from({ length: frame.count }, (_, index) => frame.record(index));
}
