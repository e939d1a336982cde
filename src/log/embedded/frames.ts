import { ServiceError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import { EncodedRecord, recordBytes, writeRecord } from '../../base/record-bytes.ts';
import type { OutgoingRecord } from '../event-log.ts';

/*
 * Binary formats between the main thread and the log thread. base/record-bytes.ts encodes the records.
 *
 *     appends = ([topic u16] [partition u32] record)*    the partition NO_PARTITION: chosen by the key
 *     body    = record*                the stored form of a chunk
 *     batch   = ([partition u32] [first offset f64] [count u32] [timestamp f64] [body bytes u32] body)*
 */
const APPEND_HEADER_BYTES = 6;
const NO_PARTITION = 0xffff_ffff;
const CHUNK_HEADER_BYTES = 28;

/** Consecutive records of a partition, appended by one transaction. */
export interface Chunk {
  partition: number;
  firstOffset: number;
  count: number;
  /** milliseconds since the epoch */
  timestamp: number;
  body: Buffer;
}

/** The frames refer to a topic by its index in `topics`. At most 65 536 topics. */
export function encodeAppends(records: readonly OutgoingRecord[]): {
  topics: string[];
  frames: Buffer<ArrayBuffer>;
} {
  const topics: string[] = [];
  const frames = Buffer.allocUnsafeSlow(records.reduce((sum, record) => sum + appendBytes(record), 0));
  let at = 0;
  for (const record of records) {
    let topicIndex = topics.indexOf(record.topic);
    if (topicIndex === -1) topicIndex = topics.push(record.topic) - 1;
    at = frames.writeUInt16LE(topicIndex, at);
    at = frames.writeUInt32LE(record.partition ?? NO_PARTITION, at);
    at = writeRecord(frames, at, record);
  }
  return { topics, frames };
}

export function appendBytes(record: OutgoingRecord): number {
  return APPEND_HEADER_BYTES + recordBytes(record);
}

/**
 * @param visit receives the key and the whole encoded record, both as views into `frames`; `partition` is undefined if the
 *   key decides
 * @throws ServiceError `record-undecodable` if the frames are cut off
 */
export function readAppends(
  frames: Buffer,
  visit: (topicIndex: number, key: Buffer | null, record: Buffer, partition: number | undefined) => void,
): void {
  for (let at = 0; at < frames.length;) {
    const record = new EncodedRecord(frames, at + APPEND_HEADER_BYTES);
    const partition = frames.readUInt32LE(at + 2);
    visit(
      frames.readUInt16LE(at),
      record.key,
      frames.subarray(record.start, record.end),
      partition === NO_PARTITION ? undefined : partition,
    );
    at = record.end;
  }
}

/** @throws ServiceError `record-undecodable` if the body is damaged */
export function* recordsOf(body: Buffer): Generator<EncodedRecord> {
  for (let at = 0; at < body.length;) {
    const record = new EncodedRecord(body, at);
    yield record;
    at = record.end;
  }
}

/** A chunk with only the record at `offset`. @throws ServiceError `log-unavailable` if the chunk is corrupt up to there */
export function singleRecord(chunk: Chunk, offset: number): Chunk {
  let at = chunk.firstOffset;
  try {
    let record = new EncodedRecord(chunk.body, 0);
    while (at < offset) {
      at++;
      record = new EncodedRecord(chunk.body, record.end);
    }
    const body = chunk.body.subarray(record.start, record.end);
    return { ...chunk, firstOffset: offset, count: 1, body };
  } catch (error) {
    throw corruptAt(chunk.partition, at, error);
  }
}

/** The checksum of the chunk does not match, or a record in it cannot be decoded. */
export function corruptAt(partition: number, offset: number, cause?: unknown): ServiceError {
  const detail = `The event log cannot be used: partition ${partition} is corrupt at offset ${offset}; restore the file from a backup.`;
  return new ServiceError('log-unavailable', detail, { cause });
}

/** The result has its own ArrayBuffer, so it can be transferred. */
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

/** The bodies of the chunks are views into the batch. */
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

/**
 * Adds the records of the chunk from `fromOffset` on to `records`. Keys and values are views into the chunk.
 * @throws ServiceError `log-unavailable` if a record cannot be decoded
 */
export function collectRecords(chunk: Chunk, fromOffset: number, records: LogRecord[]): void {
  const { partition, timestamp } = chunk;
  let offset = chunk.firstOffset;
  try {
    for (const { key, value, headers } of recordsOf(chunk.body)) {
      if (offset >= fromOffset) {
        const record: LogRecord = { partition, offset, timestamp, key, value };
        if (headers !== undefined) record.headers = headers;
        records.push(record);
      }
      offset++;
    }
  } catch (error) {
    throw corruptAt(partition, offset, error);
  }
}

/** Restores a Buffer: posting it to a thread turns it into a Uint8Array. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
