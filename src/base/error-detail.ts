import { textOf } from './errors.ts';

/**
 * An error as plain data, for the store, the log and operators: structured cloning and JSON would lose its class and its cause.
 * It holds these texts and nothing else, because errors of drivers keep what they were given, which may be secret.
 */
export interface ErrorDetail {
  /** such as `TypeError` */
  class: string;
  message: string;
  stack: string | null;
  cause: ErrorDetail | null;
}

/** An error and its causes: further ones are left out. */
export const MAX_ERRORS = 5;

/** Of an `ErrorDetail` as JSON, in bytes. */
export const MAX_DETAIL_BYTES = 8 * 1024;

const MAX_CLASS_BYTES = 100;
/** Of the error itself, and of each of its causes. */
const MAX_MESSAGE_BYTES = 3_000;
const MAX_CAUSE_BYTES = 1_000;

/** Of a message and of a line, in UTF-16 code units. */
const MAX_LINE = 500;

const FRAME = /^ +at /m;

/** Bytes of one error as JSON without its texts. */
const FRAME_BYTES = 60;

/** A thrown value of any kind, with its causes: at most `MAX_ERRORS` errors, and `MAX_DETAIL_BYTES` as JSON. */
export function errorDetail(thrown: unknown): ErrorDetail {
  const errors = causesOf(thrown).map((error, index) =>
    describe(error, index === 0 ? MAX_MESSAGE_BYTES : MAX_CAUSE_BYTES),
  );
  const texts = errors.reduce(
    (sum, error) => sum + FRAME_BYTES + bytesOf(error.class) + bytesOf(error.message),
    0,
  );
  let left = MAX_DETAIL_BYTES - texts;
  let detail: ErrorDetail | null = null;
  // Half of the space goes to the innermost stack, which shows where it began, half of the rest to the next one, and so on.
  for (const [index, error] of [...errors.entries()].reverse()) {
    const space = index === 0 ? left : Math.floor(left / 2);
    const stack = error.stack === null ? null : cut(error.stack, space);
    left -= stack === null ? 0 : bytesOf(stack);
    detail = { ...error, stack, cause: detail };
  }
  return detail ?? plainDetail(textOf(thrown));
}

/** A detail for an error of which only the message is known. */
export function plainDetail(message: string): ErrorDetail {
  return { class: 'Error', message, stack: null, cause: null };
}

/**
 * The messages of an error and its causes in one text, such as `fetch failed: connect ECONNREFUSED 127.0.0.1:9`. At most 500
 * characters; every message has its share.
 */
export function errorLine(detail: ErrorDetail): string {
  const parts: string[] = [];
  for (let error: ErrorDetail | null = detail; error !== null; error = error.cause) {
    const { message } = error;
    if (message !== '' && !parts.some((part) => part.includes(message))) parts.push(message);
  }
  const [only = detail.class] = parts;
  if (parts.length <= 1) return only.slice(0, MAX_LINE);
  const last = parts.length - 1;
  const line = parts.map((part, index) => (index === last ? part : part.replace(/[\s.:]+$/, '')));
  const whole = line.join(': ');
  if (whole.length <= MAX_LINE) return whole;
  const share = Math.floor(MAX_LINE / parts.length) - 2;
  return line.map((part) => part.slice(0, share)).join(': ');
}

/** As stored by `JSON.stringify`. @returns undefined for anything else */
export function parseDetail(text: string | null): ErrorDetail | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isDetail(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The stored detail of an error whose line is stored beside it. A replica of the previous version writes only the line, so a
 * detail that does not begin it belongs to an earlier error.
 */
export function detailOf(line: string, text: string | null): ErrorDetail {
  const detail = parseDetail(text);
  return detail !== undefined && line.startsWith(errorLine(detail)) ? detail : plainDetail(line);
}

/** An Error with the texts of a detail, as a cause for another error. */
export function errorOf({ class: name, message, stack, cause }: ErrorDetail): Error {
  const error = new Error(message, cause === null ? undefined : { cause: errorOf(cause) });
  error.name = name;
  if (stack !== null) error.stack = stack;
  return error;
}

export function isDetail(value: unknown): value is ErrorDetail {
  if (typeof value !== 'object' || value === null || value instanceof Error) return false;
  const { class: name, message, stack, cause } = value as Partial<Record<keyof ErrorDetail, unknown>>;
  const areTexts = typeof name === 'string' && typeof message === 'string';
  return areTexts && (stack === null || typeof stack === 'string') && (cause === null || isDetail(cause));
}

function causesOf(thrown: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let error = thrown; causes.length < MAX_ERRORS; error = causeOf(error)) {
    if (error === undefined || (error === null && causes.length > 0) || causes.includes(error)) break;
    causes.push(error);
  }
  return causes;
}

/** Node reports that no address of a host could be reached as an AggregateError, without a message of its own. */
function causeOf(error: unknown): unknown {
  const cause = read(error, 'cause');
  if (cause !== undefined) return cause;
  const errors = read(error, 'errors');
  return Array.isArray(errors) ? (errors[0] as unknown) : undefined;
}

function describe(thrown: unknown, maxBytes: number): Omit<ErrorDetail, 'cause'> {
  if (!(thrown instanceof Error)) {
    return {
      class: cut(typeof thrown, MAX_CLASS_BYTES),
      message: messageOf(textOf(thrown), maxBytes),
      stack: null,
    };
  }
  const stack = read(thrown, 'stack');
  const code = read(thrown, 'code');
  const message = textOf(read(thrown, 'message'));
  return {
    class: cut(classOf(thrown), MAX_CLASS_BYTES),
    message: messageOf(message === '' && typeof code === 'string' ? code : message, maxBytes),
    // A stack without a frame is only the message again.
    stack: typeof stack === 'string' && FRAME.test(stack) ? stack : null,
  };
}

function messageOf(text: string, maxBytes: number): string {
  return cut(text.slice(0, MAX_LINE), maxBytes);
}

function classOf(error: Error): string {
  const own = read(read(error, 'constructor'), 'name');
  const name = read(error, 'name');
  const known = [own, name].filter((text): text is string => typeof text === 'string' && text !== '');
  return known.find((text) => text !== 'Error') ?? 'Error';
}

/** Reads a property of any value; undefined if reading throws, because a processor module may throw an object that does this. */
function read(value: unknown, property: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[property];
  } catch {
    return undefined;
  }
}

/** Shortens a text and replaces lone surrogates, because the stores take only well-formed text. */
function cut(text: string, maxBytes: number): string {
  let end = Math.min(text.length, Math.max(0, maxBytes));
  while (end > 0 && bytesOf(text.slice(0, end)) > maxBytes) end = Math.floor(end * 0.8);
  return text.slice(0, end).replace(/\p{Surrogate}/gu, '\ufffd');
}

/** As JSON. */
function bytesOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
