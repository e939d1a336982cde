import { types, type ClientConfig, type CustomTypesConfig } from 'pg';
import { silenceLimitMs, type PostgresTarget } from '../target.ts';
import { withZeros, withZerosInJson } from './zero-text.ts';

/**
 * Every statement of ours is served by an index, from the first row on. Statements are planned once per connection, and
 * statistics come minutes after the rows: a plan made for a small table would later read all of a large one.
 */
const PLANS = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'sort'].map(
  (plan) => `-c enable_${plan}=off`,
);

/** Milliseconds for one statement, or one lock, of work on a whole database. */
const WHOLE_DATABASE_TIMEOUT_MS = 600_000;

/** How columns are read, for our clients only: the driver's own table is shared by the whole process. */
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

/** What the URL says overrides this. @param part of the service, as `pg_stat_activity` shows it */
export function clientOptions(target: PostgresTarget, part: string): ClientConfig {
  return {
    connectionString: target.url,
    application_name: `order-system ${part}`,
    connectionTimeoutMillis: target.connectTimeoutMs,
    statement_timeout: target.statementTimeoutMs,
    lock_timeout: target.lockTimeoutMs,
    // A worker that is frozen in the middle of a transaction must not keep its locks.
    idle_in_transaction_session_timeout: target.statementTimeoutMs,
    query_timeout: silenceLimitMs(target),
    keepAlive: true,
    options: [...PLANS, '-c jit=off'].join(' '),
    types: columnTypes,
  };
}

/** The same database with limits for work on all that it holds; those of requests and batches would cut it off. */
export function withLongTimeouts(target: PostgresTarget): PostgresTarget {
  return {
    ...target,
    statementTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
    lockTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
  };
}

/** A bigint, which the driver leaves a text. @throws RangeError above 2^53, which this service never writes */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is not a safe integer.`);
  return value;
}
