/** Where the orders are stored. Plain data, so that it can be passed to a thread. */
export type StoreTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** of the database file; `migrate` creates it */
  path: string;
}

/** A PostgreSQL database and how to use it. */
export interface PostgresTarget {
  kind: 'postgres';
  /** `postgres://user:password@host:port/database?…`; with a secret, never to be logged */
  url: string;
  /** connections at most that requests are answered by; each thread that writes has one more */
  poolSize: number;
  connectTimeoutMs: number;
  /** how long one statement may take */
  statementTimeoutMs: number;
  /** how long one statement may wait for a lock of another */
  lockTimeoutMs: number;
  /**
   * Changes are numbered from 1 without gaps in the order in which they are committed, so that the history can be read as
   * a log. Its price is that writers commit one after the other; without it changes have the number 0.
   */
  numbersChanges: boolean;
}

/** Beyond the server's own limit: the server, or the way to it, has died without a word. */
const SILENCE_MS = 5_000;

/** Milliseconds after which an answer is not waited for any more. */
export function silenceLimitMs({ statementTimeoutMs }: Pick<PostgresTarget, 'statementTimeoutMs'>): number {
  return statementTimeoutMs + SILENCE_MS;
}
