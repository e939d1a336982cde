import type { LogRecord } from '../base/log-record.ts';
import { headersOfText } from '../base/record-headers.ts';

/** The columns of a kept record; its headers, where the table has them, are text (base/record-headers.ts). */
export interface RecordColumns {
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: string;
  log_timestamp: number;
}

export function toRecord(row: RecordColumns): LogRecord {
  const { partition, offset, key, value, headers, log_timestamp: timestamp } = row;
  const record: LogRecord = { partition, offset, key, value, timestamp };
  const known = headersOfText(headers);
  if (known !== undefined) record.headers = known;
  return record;
}
