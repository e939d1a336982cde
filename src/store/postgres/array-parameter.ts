import type { ColumnType, SqlValue } from '../sql/columns.ts';
import { withoutZeros } from './zero-text.ts';

/** `ndim`, `has nulls`, `element type`, `length`, `lower bound` */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const BIGINT_BYTES = 8;
const MAX_BYTES_PER_UTF16_UNIT = 3;

const NULL_LENGTH = -1;

const TEXT_OID = 25;
const BIGINT_OID = 20;

/**
 * A column as an array in PostgreSQL's binary format: as text, the driver would quote every value, and the server would parse
 * it. Columns of other types than text and bigint stay as they are, and the driver sends them as text.
 */
export function arrayParameter(type: ColumnType, values: readonly SqlValue[]): unknown {
  if (type === 'text') return textArray(values as (string | null)[]);
  if (type === 'bigint') return bigintArray(values as (number | null)[]);
  return values;
}

function textArray(values: readonly (string | null)[]): Buffer {
  const texts = values.map((value) => (value === null ? null : withoutZeros(value)));
  const units = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  const buffer = newArray(TEXT_OID, texts.length, units * MAX_BYTES_PER_UTF16_UNIT);
  let at = HEADER_BYTES;
  for (const text of texts) {
    const bytes = text === null ? 0 : buffer.write(text, at + LENGTH_BYTES);
    buffer.writeInt32BE(text === null ? NULL_LENGTH : bytes, at);
    at += LENGTH_BYTES + bytes;
  }
  return buffer.subarray(0, at);
}

/** @param values safe integers */
function bigintArray(values: readonly (number | null)[]): Buffer {
  const buffer = newArray(BIGINT_OID, values.length, values.length * BIGINT_BYTES);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(value === null ? NULL_LENGTH : BIGINT_BYTES, at);
    at += LENGTH_BYTES;
    if (value === null) continue;
    buffer.writeInt32BE(Math.floor(value / 2 ** 32), at);
    buffer.writeUInt32BE(value >>> 0, at + 4);
    at += BIGINT_BYTES;
  }
  return buffer.subarray(0, at);
}

function newArray(elementType: number, length: number, valueBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + length * LENGTH_BYTES + valueBytes);
  for (const [index, word] of [1, 1, elementType, length, 1].entries()) buffer.writeInt32BE(word, index * 4);
  return buffer;
}
