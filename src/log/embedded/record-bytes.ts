import type { RecordHeaders } from '../../base/log-record.ts';
import { headersOfText, headersText } from '../../base/record-headers.ts';
import type { OutgoingRecord } from '../event-log.ts';

/*
 * record = [key word u32] [value word u32] ([headers bytes u32]) key value (headers as JSON)
 *
 * A word is a length, with what is unusual in the two bits above it: that there is null instead, and in the key's word
 * that headers follow. A record without either is what format 1 had, so its records are read as they are.
 */
const WORDS_BYTES = 8;
const HEADERS_LENGTH_BYTES = 4;
const NULL = 0x8000_0000;
const WITH_HEADERS = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

export type RecordContent = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

export interface StoredRecord {
  /** a view, as the value is */
  key: Buffer | null;
  value: Buffer | null;
  headers: RecordHeaders | undefined;
  /** where the next record begins */
  end: number;
}

export function recordBytes({ key, value, headers }: RecordContent): number {
  const text = headersText(headers);
  const headersBytes = text === '' ? 0 : HEADERS_LENGTH_BYTES + Buffer.byteLength(text);
  return WORDS_BYTES + (key === null ? 0 : Buffer.byteLength(key)) + (value?.length ?? 0) + headersBytes;
}

/** @returns where the record ends */
export function writeRecord(bytes: Buffer, at: number, { key, value, headers }: RecordContent): number {
  const text = headersText(headers);
  const keyAt = at + WORDS_BYTES + (text === '' ? 0 : HEADERS_LENGTH_BYTES);
  const valueAt = keyAt + writeKey(bytes, keyAt, key);
  bytes.writeUInt32LE((key === null ? NULL : valueAt - keyAt) + (text === '' ? 0 : WITH_HEADERS), at);
  bytes.writeUInt32LE(value === null ? NULL : value.length, at + 4);
  const headersAt = valueAt + (value === null ? 0 : value.copy(bytes, valueAt));
  if (text === '') return headersAt;
  const headersBytes = bytes.write(text, headersAt);
  bytes.writeUInt32LE(headersBytes, at + WORDS_BYTES);
  return headersAt + headersBytes;
}

export function readRecord(bytes: Buffer, at: number): StoredRecord {
  const keyWord = bytes.readUInt32LE(at);
  const valueWord = bytes.readUInt32LE(at + 4);
  const keyAt = contentAt(keyWord, at);
  const valueAt = keyAt + (keyWord & LENGTH);
  const headersAt = valueAt + (valueWord & LENGTH);
  const end = headersAt + headersBytes(bytes, at, keyWord);
  return {
    key: isNull(keyWord) ? null : bytes.subarray(keyAt, valueAt),
    value: isNull(valueWord) ? null : bytes.subarray(valueAt, headersAt),
    headers: headersAt === end ? undefined : headersOfText(bytes.toString('utf8', headersAt, end)),
    end,
  };
}

export function keyOf(bytes: Buffer, at: number): Buffer | null {
  const keyWord = bytes.readUInt32LE(at);
  const keyAt = contentAt(keyWord, at);
  return isNull(keyWord) ? null : bytes.subarray(keyAt, keyAt + (keyWord & LENGTH));
}

export function recordEnd(bytes: Buffer, at: number): number {
  const keyWord = bytes.readUInt32LE(at);
  const valueBytes = bytes.readUInt32LE(at + 4) & LENGTH;
  return contentAt(keyWord, at) + (keyWord & LENGTH) + valueBytes + headersBytes(bytes, at, keyWord);
}

function writeKey(bytes: Buffer, at: number, key: string | Buffer | null): number {
  if (key === null) return 0;
  return typeof key === 'string' ? bytes.write(key, at) : key.copy(bytes, at);
}

function contentAt(keyWord: number, at: number): number {
  return at + WORDS_BYTES + ((keyWord & WITH_HEADERS) === 0 ? 0 : HEADERS_LENGTH_BYTES);
}

function headersBytes(bytes: Buffer, at: number, keyWord: number): number {
  return (keyWord & WITH_HEADERS) === 0 ? 0 : bytes.readUInt32LE(at + WORDS_BYTES);
}

function isNull(word: number): boolean {
  return (word & NULL) !== 0;
}
