import { isatty } from 'node:tty';
import {
  destination,
  pino,
  stdSerializers,
  type DestinationStream,
  type Logger,
  type LoggerOptions,
} from 'pino';
import { isDetail, type ErrorDetail } from './error-detail.ts';
import { throttleWarnings } from './repeated-warnings.ts';

export type { Logger };

/** Logs one line per event to stdout, as JSON unless a stream formats it. Normal operation is silent above `debug`. */
export function createLogger(
  level: string,
  stream: DestinationStream = standardOutput(),
  hooks: LoggerOptions['hooks'] = {},
): Logger {
  const serializers = { err: errorFields };
  return pino({ level, base: { pid: process.pid }, serializers, hooks }, stream);
}

/**
 * For the output of the service: readable lines on a terminal, JSON elsewhere. Works in worker threads as well.
 * @param options `throttle`: write equal warnings once a minute; not for the modules of users, who decide for themselves
 */
export async function createServiceLogger(
  level: string,
  { throttle } = { throttle: false },
): Promise<Logger> {
  const hooks = throttle ? { logMethod: throttleWarnings() } : {};
  if (!isatty(1)) return createLogger(level, undefined, hooks);
  const { PinoPretty } = await import('pino-pretty');
  const format = { ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l', singleLine: true, sync: true } as const;
  return createLogger(level, PinoPretty({ ...format, destination: 1 }), hooks);
}

/**
 * Properties in which drivers keep what they were given, which may contain a password: ioredis the arguments of AUTH, Node a URL that it
 * cannot read.
 */
const GIVEN = ['command', 'input'];

/** The default serializer would append the cause's message to a message that already contains it. */
function errorFields(error: Error | ErrorDetail): Record<string, unknown> {
  if (isDetail(error)) return detailFields(error);
  const fields: Record<string, unknown> = { ...stdSerializers.errWithCause(error) };
  return withoutGiven(fields);
}

/** The same fields as of an Error. */
function detailFields({ class: type, message, stack, cause }: ErrorDetail): Record<string, unknown> {
  const fields: Record<string, unknown> = { type, message };
  if (stack !== null) fields.stack = stack;
  if (cause !== null) fields.cause = detailFields(cause);
  return fields;
}

function withoutGiven(fields: Record<string, unknown>): Record<string, unknown> {
  for (const name of GIVEN) Reflect.deleteProperty(fields, name);
  for (const nested of [fields.cause, fields.aggregateErrors].flat()) {
    if (typeof nested === 'object' && nested !== null) withoutGiven(nested as Record<string, unknown>);
  }
  return fields;
}

/** Writes synchronously: buffered lines would be lost or out of order when the process ends. */
function standardOutput(): DestinationStream {
  return destination({ dest: 1, sync: true });
}
