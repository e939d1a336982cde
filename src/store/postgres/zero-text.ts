/**
 * PostgreSQL's text cannot hold U+0000, but JSON and JavaScript strings can. So U+0000 is stored as U+FDD0 (a Unicode
 * noncharacter) followed by `0`, and U+FDD0 itself as U+FDD0 followed by `1`.
 */
const MARK = '\uFDD0';
const ZERO = `${MARK}0`;
const ESCAPED_MARK = `${MARK}1`;

export function withoutZeros(text: string): string {
  if (!text.includes('\0') && !text.includes(MARK)) return text;
  return text.replaceAll(MARK, ESCAPED_MARK).replaceAll('\0', ZERO);
}

export function withZeros(text: string): string {
  return text.includes(MARK) ? text.replaceAll(ZERO, '\0').replaceAll(ESCAPED_MARK, MARK) : text;
}

/** Does what `withZeros` does, inside JSON text. */
export function withZerosInJson(json: string): string {
  return json.includes(MARK) ? json.replaceAll(ZERO, '\\u0000').replaceAll(ESCAPED_MARK, MARK) : json;
}

/** Encodes a parameter: a text or an array of texts. Other values stay unchanged. */
export function parameter(value: unknown): unknown {
  if (typeof value === 'string') return withoutZeros(value);
  if (Array.isArray(value)) return value.map(parameter);
  return value;
}
