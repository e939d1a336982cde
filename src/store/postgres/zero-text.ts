/**
 * PostgreSQL's text cannot hold U+0000, JSON and JavaScript can. It is written as a noncharacter of Unicode, which no text
 * has for itself (one that has is written as two), so that any text comes back as it was.
 */
const MARK = '\uFDD0';
const ZERO = `${MARK}0`;
const ITSELF = `${MARK}1`;

export function withoutZeros(text: string): string {
  if (!text.includes('\0') && !text.includes(MARK)) return text;
  return text.replaceAll(MARK, ITSELF).replaceAll('\0', ZERO);
}

export function withZeros(text: string): string {
  return text.includes(MARK) ? text.replaceAll(ZERO, '\0').replaceAll(ITSELF, MARK) : text;
}

/** The same in a text of JSON. */
export function withZerosInJson(json: string): string {
  return json.includes(MARK) ? json.replaceAll(ZERO, '\\u0000').replaceAll(ITSELF, MARK) : json;
}

/** Of a parameter: a text, a column of texts, or something else. */
export function parameter(value: unknown): unknown {
  if (typeof value === 'string') return withoutZeros(value);
  if (Array.isArray(value)) return value.map(parameter);
  return value;
}
