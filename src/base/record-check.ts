import { crc32 } from 'node:zlib';
import type { LogRecord } from './log-record.ts';

/**
 * A short text that differs between two records, for practical purposes: the time of the append and a checksum of the
 * content. The store keeps it for the last record it has applied of each partition. Never change how it is computed:
 * every store would then seem to belong to another log.
 */
export function recordCheck({ timestamp, key, value }: LogRecord): string {
  const sum = crc32(value ?? '', crc32(key ?? ''));
  return `${timestamp}-${sum.toString(16).padStart(8, '0')}`;
}
