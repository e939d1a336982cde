import { LRUCache } from 'lru-cache';
import type { LogFn, Logger } from 'pino';
import { textOf } from './errors.ts';

const INTERVAL_MS = 60_000;

/** Kinds of warnings that are told apart; beyond them the oldest is forgotten and written again. */
const MAX_KINDS = 1_000;

const WARN = 40;

interface Written {
  at: number;
  /** left out since then */
  repeated: number;
}

/**
 * For pino's hook `logMethod`: writes the first warning of a kind, then at most one a minute, with the number of those that
 * it left out in the field `repeated`. Other levels are untouched. The kind is the message with the code of the error.
 * @param now monotonic, in milliseconds
 */
export function throttleWarnings(
  now: () => number = () => performance.now(),
): (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number) => void {
  const kinds = new LRUCache<string, Written>({ max: MAX_KINDS });
  return function (args, method, level) {
    const kind = level === WARN ? kindOf(args) : undefined;
    const last = kind === undefined ? undefined : kinds.get(kind);
    if (last !== undefined && now() - last.at < INTERVAL_MS) {
      last.repeated += 1;
      return;
    }
    if (kind !== undefined) kinds.set(kind, { at: now(), repeated: 0 });
    method.apply(this, last === undefined || last.repeated === 0 ? args : withCount(args, last.repeated));
  };
}

function kindOf(args: readonly unknown[]): string {
  const [fields, message] = isFields(args[0]) ? args : [{}, ...args];
  const { code, err } = fields as { code?: unknown; err?: { code?: unknown } };
  return textOf([code ?? err?.code, message]);
}

function withCount(args: readonly unknown[], repeated: number): Parameters<LogFn> {
  const [first, ...rest] = args;
  const more = isFields(first) ? [{ ...first, repeated }, ...rest] : [{ repeated }, ...args];
  return more as unknown as Parameters<LogFn>;
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
