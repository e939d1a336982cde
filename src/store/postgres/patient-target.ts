import type { PostgresTarget } from '../target.ts';

/** Milliseconds that one statement on a whole database may take, and that it waits for others who work on it. */
const WHOLE_DATABASE_TIMEOUT_MS = 600_000;

/** The same database for work on all that it holds: the limits of requests and batches would cut it off. */
export function patient(target: PostgresTarget): PostgresTarget {
  return {
    ...target,
    statementTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
    lockTimeoutMs: WHOLE_DATABASE_TIMEOUT_MS,
  };
}
