/** Where orders are stored. Plain data, so that it can be passed to a thread. */
export type StoreTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** of the database file, which `migrate` creates */
  path: string;
}

/** A PostgreSQL database and how to use it. */
export interface PostgresTarget {
  kind: 'postgres';
  /** `postgres://user:password@host:port/database?…`; holds a secret, never log it */
  url: string;
  /** maximum of connections for requests; each writing thread has one more */
  poolSize: number;
  connectTimeoutMs: number;
  /** limit of one statement */
  statementTimeoutMs: number;
  /** limit of the wait for a lock */
  lockTimeoutMs: number;
  /**
   * Number changes from 1 without gaps in the order of their commits, so that the history can be read as a log. The price is
   * that writers commit one after the other. Otherwise changes have the number 0.
   */
  numbersChanges: boolean;
}

/** Beyond the server's own limit: the server or the network has failed silently. */
const SILENCE_MS = 5_000;

/** Milliseconds after which the client stops waiting for an answer. */
export function silenceLimitMs({ statementTimeoutMs }: Pick<PostgresTarget, 'statementTimeoutMs'>): number {
  return statementTimeoutMs + SILENCE_MS;
}
