import type { Message, MessageHeader } from 'node-rdkafka';
import type { LogRecord, RecordHeaders } from '../../base/log-record.ts';

export function toLogRecord({ partition, offset, timestamp, key, value, headers }: Message): LogRecord {
  // By its type, the key may be a string; node-rdkafka always delivers a buffer.
  const bytes = typeof key === 'string' ? Buffer.from(key) : (key ?? null);
  const record: LogRecord = { partition, offset, timestamp: timestamp ?? 0, key: bytes, value };
  const named = headers && fromKafkaHeaders(headers);
  if (named !== undefined) record.headers = named;
  return record;
}

/** Reads values as UTF-8. If several headers have the same name, the last one wins. */
export function fromKafkaHeaders(headers: readonly MessageHeader[]): RecordHeaders | undefined {
  if (headers.length === 0) return undefined;
  const entries = headers.flatMap((header) => Object.entries(header));
  return Object.fromEntries(entries.map(([name, value]) => [name, value.toString()]));
}

/** Replaces NUL by U+FFFD, because node-rdkafka truncates texts at the first NUL. */
export function toKafkaHeaders(headers: RecordHeaders | undefined): MessageHeader[] | undefined {
  if (headers === undefined) return undefined;
  const withoutNul = (text: string) => text.replaceAll('\0', '\uFFFD');
  return Object.entries(headers).map(([name, value]) => ({ [withoutNul(name)]: withoutNul(value) }));
}

/** A view into a larger buffer: node-rdkafka sends null for any other empty buffer. */
const EMPTY = Buffer.alloc(1).subarray(1);

export function keepEmpty<T extends string | Buffer | null>(bytes: T): T | Buffer {
  return bytes?.length === 0 ? EMPTY : bytes;
}
