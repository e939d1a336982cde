import { types, type ClientConfig, type CustomTypesConfig } from 'pg';
import { silenceLimitMs, type PostgresTarget } from '../target.ts';
import { withZeros, withZerosInJson } from './zero-text.ts';

/**
 * Forces index scans; every statement has an index. A prepared statement keeps its plan, and statistics lag behind by minutes,
 * so a plan made for a small table would later scan a large one.
 */
const PLANS = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'sort'].map((plan) => `enable_${plan}=off`);

const SERVER_SETTINGS = [
  ...PLANS,
  'jit=off',
  // With a stricter default a lost race would look like a failing store.
  'default_transaction_isolation=read\\ committed',
];

/** Firewalls and load balancers forget a connection that is silent for longer, often after 350 s. */
const KEEP_ALIVE_MS = 30_000;

/** Milliseconds for one statement, or for waiting for a lock, in work on the whole database. */
const WHOLE_DATABASE_TIMEOUT_MS = 600_000;

/** Parsers of column values. They apply to our clients only; the driver's own table is global to the process. */
const columnTypes: CustomTypesConfig = {
  getTypeParser: (oid: TypeId): Parser => PARSERS.get(oid) ?? (types.getTypeParser(oid) as Parser),
};

type Parser = (text: string) => unknown;
type TypeId = Parameters<typeof types.getTypeParser>[0];

const { INT8, JSON: JSON_TEXT, TEXT } = types.builtins;

const PARSERS = new Map<number, Parser>([
  [INT8, toSafeInteger],
  [TEXT, withZeros],
  [JSON_TEXT, (text) => JSON.parse(withZerosInJson(text)) as unknown],
]);

/** Options in the URL override these. @param part of the service, shown in `pg_stat_activity` */
export function clientOptions(target: PostgresTarget, part: string): ClientConfig {
  return {
    connectionString: target.url,
    application_name: `order-system ${part}`,
    connectionTimeoutMillis: target.connectTimeoutMs,
    query_timeout: silenceLimitMs(target),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: columnTypes,
    // PgBouncer refuses these parameters at start: see `transactionSettings`.
    ...(isThroughPgBouncer(target)
      ? { pipeline: true }
      : {
          ...timeLimits(target),
          options: SERVER_SETTINGS.map((setting) => `-c ${setting}`).join(' '),
        }),
  };
}

/** True if the URL has `pgbouncer=true`: statements of one connection may run on different server connections. */
export function isThroughPgBouncer({ url }: Pick<PostgresTarget, 'url'>): boolean {
  return URL.canParse(url) && new URL(url).searchParams.get('pgbouncer') === 'true';
}

/** SQL to append to BEGIN: what `clientOptions` otherwise sets for the whole connection. */
export function transactionSettings(target: PostgresTarget): string {
  const limits = Object.entries(timeLimits(target)).map(([name, ms]) => `${name}=${ms}`);
  return [...limits, ...PLANS, 'jit=off'].map((setting) => `; SET LOCAL ${setting}`).join('');
}

/** In milliseconds. A worker that freezes inside a transaction must not keep its locks. */
function timeLimits({ statementTimeoutMs, lockTimeoutMs }: PostgresTarget) {
  return {
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
  };
}

/** The same database with time limits for work on the whole database, such as migrations and copies. */
export function withLongTimeouts(target: PostgresTarget): PostgresTarget {
  return {
    ...target,
    statementTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
    lockTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
  };
}

/** Parses a bigint, which the driver returns as text. @throws RangeError above 2^53, which this service never writes */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is not a safe integer.`);
  return value;
}
