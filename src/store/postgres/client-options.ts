import type { ClientConfig } from 'pg';
import { columnTypes } from './column-types.ts';
import { silenceLimitMs, type PostgresTarget } from '../target.ts';

/**
 * Every statement of ours is served by an index, from the first row on. A plan that was made while a table was small would
 * otherwise read all of it later: statements are prepared once, and statistics come minutes after the rows.
 */
const PLANS = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'sort'].map(
  (plan) => `-c enable_${plan}=off`,
);

/** What the URL says goes before this. @param part of the service, as `pg_stat_activity` shows it */
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
