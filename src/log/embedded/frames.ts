import type { LogRecord } from '../../base/log-record.ts';
import type { OutgoingRecord } from '../event-log.ts';
import { keyOf, readRecord, recordBytes, recordEnd, writeRecord } from './record-bytes.ts';

/*
 * frame  = [topic u16] record     one append on its way to the thread
 * record = see record-bytes.ts
 * body   = record*                as a chunk is stored
 * batch  = ([partition u32] [first offset f64] [count u32] [timestamp f64] [body bytes u32] body)*
 */
const TOPIC_BYTES = 2;
const CHUNK_HEADER_BYTES = 28;

/** Consecutive records of one partition that one transaction brought. */
export interface Chunk {
  partition: number;
  firstOffset: number;
  count: number;
  /** milliseconds since the epoch */
  timestamp: number;
  body: Buffer;
}

/** Topics are named once and numbered by their place in `topics`; at most 65 536. */
export function encodeAppends(records: readonly OutgoingRecord[]): {
  topics: string[];
  frames: Buffer<ArrayBuffer>;
} {
  const topics: string[] = [];
  const frames = Buffer.allocUnsafeSlow(records.reduce((sum, record) => sum + frameBytes(record), 0));
  let at = 0;
  for (const record of records) {
    let topicIndex = topics.indexOf(record.topic);
    if (topicIndex === -1) topicIndex = topics.push(record.topic) - 1;
    at = writeRecord(frames, frames.writeUInt16LE(topicIndex, at), record);
  }
  return { topics, frames };
}

export function frameBytes(record: OutgoingRecord): number {
  return TOPIC_BYTES + recordBytes(record);
}

/** @param visit gets the key and the whole record, both as views */
export function readAppends(
  frames: Buffer,
  visit: (topicIndex: number, key: Buffer | null, record: Buffer) => void,
): void {
  for (let at = 0; at < frames.length;) {
    const recordAt = at + TOPIC_BYTES;
    const end = recordEnd(frames, recordAt);
    visit(frames.readUInt16LE(at), keyOf(frames, recordAt), frames.subarray(recordAt, end));
    at = end;
  }
}

/** The keys of a chunk's records as views, in order. */
export function* bodyKeys(body: Buffer): Generator<Buffer | null> {
  for (let at = 0; at < body.length; at = recordEnd(body, at)) yield keyOf(body, at);
}

/** A chunk of only the record at an offset of the chunk. */
export function singleRecord(chunk: Chunk, offset: number): Chunk {
  let at = 0;
  for (let skip = offset - chunk.firstOffset; skip > 0; skip--) at = recordEnd(chunk.body, at);
  const body = chunk.body.subarray(at, recordEnd(chunk.body, at));
  return { ...chunk, firstOffset: offset, count: 1, body };
}

/** One buffer with an ArrayBuffer of its own, so that it can be transferred. */
export function encodeBatch(chunks: readonly Chunk[]): Buffer<ArrayBuffer> {
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
export function* decodeBatch(bytes: Uint8Array): Generator<Chunk> {
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
export function collectRecords(chunk: Chunk, fromOffset: number, records: LogRecord[]): void {
  const { partition, timestamp, body } = chunk;
  let offset = chunk.firstOffset;
  for (let at = 0; at < body.length; offset++) {
    const { key, value, headers, end } = readRecord(body, at);
    at = end;
    if (offset < fromOffset) continue;
    const record: LogRecord = { partition, offset, timestamp, key, value };
    if (headers !== undefined) record.headers = headers;
    records.push(record);
  }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
