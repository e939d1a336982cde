import { ServiceError } from './errors.ts';
import type { RecordHeaders } from './log-record.ts';
import { headersOfText, headersText } from './record-headers.ts';

/*
 * The one encoding of a record's content, in the embedded log's file and in every frame that crosses threads:
 *
 *     u32 key word, u32 value word, [u32 length of the headers], key, value, [headers as JSON]
 *
 * Little endian. The low 30 bits of a word are a length. Its highest bit marks null; the next one, in the key word,
 * says that headers follow. Format 1 of the file had neither headers nor null, so its records decode the same way.
 */
const WORDS_BYTES = 8;
const HEADERS_LENGTH_BYTES = 4;
const NULL = 0x8000_0000;
const WITH_HEADERS = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

export interface RecordContent {
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers?: RecordHeaders | undefined;
}

/** The size of the encoded record in bytes. */
export function recordBytes({ key, value, headers }: RecordContent): number {
  const text = headersText(headers);
  const headersBytes = text === '' ? 0 : HEADERS_LENGTH_BYTES + Buffer.byteLength(text);
  return WORDS_BYTES + lengthOf(key) + lengthOf(value) + headersBytes;
}

/** @returns where the record ends */
export function writeRecord(bytes: Buffer, at: number, { key, value, headers }: RecordContent): number {
  const text = headersText(headers);
  const keyAt = at + WORDS_BYTES + (text === '' ? 0 : HEADERS_LENGTH_BYTES);
  const valueAt = keyAt + write(bytes, keyAt, key);
  const headersAt = valueAt + write(bytes, valueAt, value);
  bytes.writeUInt32LE((key === null ? NULL : valueAt - keyAt) + (text === '' ? 0 : WITH_HEADERS), at);
  bytes.writeUInt32LE(value === null ? NULL : headersAt - valueAt, at + 4);
  if (text === '') return headersAt;
  const headersBytes = bytes.write(text, headersAt);
  bytes.writeUInt32LE(headersBytes, at + WORDS_BYTES);
  return headersAt + headersBytes;
}

/** The record at a position of a buffer. Buffers it returns are views. */
export class EncodedRecord {
  readonly start: number;
  /** where the next record begins */
  readonly end: number;
  readonly #bytes: Buffer;
  readonly #keyAt: number;
  readonly #valueAt: number;
  readonly #headersAt: number;
  readonly #keyIsNull: boolean;
  readonly #valueIsNull: boolean;

  /** @throws ServiceError `record-undecodable` if the buffer ends before the record */
  constructor(bytes: Buffer, start: number) {
    refuseEndBefore(start + WORDS_BYTES, bytes);
    const keyWord = bytes.readUInt32LE(start);
    const valueWord = bytes.readUInt32LE(start + 4);
    const hasHeaders = (keyWord & WITH_HEADERS) !== 0;
    this.start = start;
    this.#bytes = bytes;
    this.#keyIsNull = (keyWord & NULL) !== 0;
    this.#valueIsNull = (valueWord & NULL) !== 0;
    this.#keyAt = start + WORDS_BYTES + (hasHeaders ? HEADERS_LENGTH_BYTES : 0);
    refuseEndBefore(this.#keyAt, bytes);
    this.#valueAt = this.#keyAt + (keyWord & LENGTH);
    this.#headersAt = this.#valueAt + (valueWord & LENGTH);
    this.end = this.#headersAt + (hasHeaders ? bytes.readUInt32LE(start + WORDS_BYTES) : 0);
    refuseEndBefore(this.end, bytes);
  }

  get key(): Buffer | null {
    return this.#keyIsNull ? null : this.#bytes.subarray(this.#keyAt, this.#valueAt);
  }

  get value(): Buffer | null {
    return this.#valueIsNull ? null : this.#bytes.subarray(this.#valueAt, this.#headersAt);
  }

  /** As UTF-8; invalid bytes become replacement characters. */
  get keyText(): string | null {
    return this.#keyIsNull ? null : this.#bytes.toString('utf8', this.#keyAt, this.#valueAt);
  }

  get valueText(): string | null {
    return this.#valueIsNull ? null : this.#bytes.toString('utf8', this.#valueAt, this.#headersAt);
  }

  /** @throws ServiceError `record-undecodable` if they are damaged */
  get headers(): RecordHeaders | undefined {
    if (this.#headersAt === this.end) return undefined;
    return headersOfText(this.#bytes.toString('utf8', this.#headersAt, this.end));
  }
}

function refuseEndBefore(end: number, bytes: Buffer): void {
  if (end > bytes.length) throw new ServiceError('record-undecodable', 'The record is cut off.');
}

function lengthOf(content: string | Buffer | null): number {
  return content === null ? 0 : Buffer.byteLength(content);
}

function write(bytes: Buffer, at: number, content: string | Buffer | null): number {
  if (content === null) return 0;
  return typeof content === 'string' ? bytes.write(content, at) : content.copy(bytes, at);
}
