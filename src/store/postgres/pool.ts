import { Pool, type QueryResultRow } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { SqlClient, Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions } from './client-options.ts';
import { translateErrors } from './errors.ts';
import { prepared } from './statement.ts';

/** Limit of reads that wait for a connection; further ones fail with `overloaded`. */
const MAX_WAITING = 1_000;

/** A connection pool for a thread that answers requests. Each read is one round trip. */
export class PostgresPool implements SqlClient {
  readonly #pool: Pool;

  /** Does not connect yet; connections open when needed. */
  constructor(target: PostgresTarget) {
    this.#pool = new Pool({ ...clientOptions(target, 'reader'), max: target.poolSize });
    // The pool removes a broken idle connection itself.
    this.#pool.on('error', () => undefined);
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
      const { rows } = await this.#pool.query<Row & QueryResultRow>(prepared(statement));
      return rows;
    });
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
