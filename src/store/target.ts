/** Where orders are stored. Plain data, so that it can be posted to a thread. */
export type StoreTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** path of the database file, which `migrate` creates */
  path: string;
}

/** A PostgreSQL database and how to use it. */
export interface PostgresTarget {
  kind: 'postgres';
  /** `postgres://user:password@host:port/database?…`; holds a secret, never log it */
  url: string;
  /** maximum number of connections for requests; each writing thread has another one */
  poolSize: number;
  connectTimeoutMs: number;
  /** time limit of one statement */
  statementTimeoutMs: number;
  /** time limit of waiting for a lock */
  lockTimeoutMs: number;
  /**
   * Numbers changes from 1 without gaps in commit order, so that the history can be read as a log. The price: writers commit
   * one after the other. If false, every change has the number 0.
   */
  numbersChanges: boolean;
}

/** Grace beyond the server's own time limit. After it, the server or the network has failed silently. */
const SILENCE_MS = 5_000;

/** Milliseconds after which the client stops waiting for an answer. */
export function silenceLimitMs({ statementTimeoutMs }: Pick<PostgresTarget, 'statementTimeoutMs'>): number {
  return statementTimeoutMs + SILENCE_MS;
}
