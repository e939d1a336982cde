import { Pool } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { SizedRow } from '../sql/page.ts';
import type { SqlClient, Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { isLostConnection, isStaleStatement, translateErrors } from './errors.ts';
import { PostgresSession } from './session.ts';

/** Limit of reads that wait for a connection; further ones fail with `overloaded`. */
const MAX_WAITING = 1_000;

/** After a failover behind one host name, reads leave the former primary at the latest after this time. */
const MAX_CONNECTION_AGE_S = 600;

/**
 * A connection pool for a thread that answers requests. Each read is one round trip. A read is repeated once if its connection
 * is lost, or if the server no longer accepts its prepared statement.
 */
export class PostgresPool implements SqlClient {
  readonly #session: PostgresSession;
  readonly #pool: Pool;

  /** Does not connect yet; connections open when needed. */
  constructor(target: PostgresTarget) {
    this.#session = new PostgresSession(target, 'reader');
    this.#pool = new Pool({
      ...this.#session.config,
      max: target.poolSize,
      maxLifetimeSeconds: MAX_CONNECTION_AGE_S,
    });
    // The pool removes a broken idle connection itself.
    this.#pool.on('error', ignore);
    // A broken connection also fails its query. The listener must be there before `connect` returns the client: the server's
    // last message may arrive together with the one that completes the connection.
    this.#pool.on('connect', (client) => client.on('error', ignore));
  }

  /** @throws ServiceError `store-unavailable` */
  async connect(): Promise<void> {
    await this.query({ name: 'connect', text: 'SELECT 1', values: [] });
  }

  /** @throws ServiceError `overloaded`, `store-unavailable` */
  query<Row extends object>(statement: Statement): Promise<Row[]> {
    return translateErrors(async () => {
      if (this.#pool.waitingCount >= MAX_WAITING) {
        throw new ServiceError(
          'overloaded',
          'Too many requests are waiting for the store. Try again in a moment.',
        );
      }
      try {
        return await this.#once<Row>(statement);
      } catch (error) {
        // Without a name, the server parses the statement again, so it does not matter which connection is next.
        if (isStaleStatement(error)) return this.#once<Row>({ ...statement, name: '' });
        if (isLostConnection(error)) return this.#once<Row>(statement);
        throw error;
      }
    });
  }

  page<Row extends SizedRow>(statement: Statement): Promise<Row[]> {
    return this.query(statement);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #once<Row extends object>(statement: Statement): Promise<Row[]> {
    const client = await this.#pool.connect();
    let failure: unknown;
    try {
      return await this.#session.query<Row>(client, statement);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(failure !== undefined);
    }
  }
}

function ignore(): void {}
