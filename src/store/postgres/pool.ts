import { Pool, type QueryResultRow } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { SqlClient, Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions } from './client-options.ts';
import { translateErrors } from './errors.ts';
import { prepared } from './statement.ts';

/** Reads that wait for a connection; one more is refused as `overloaded`. */
const MAX_WAITING = 1_000;

/** For a thread that answers requests: each read is one round trip on one of a few connections. */
export class PostgresPool implements SqlClient {
  readonly #pool: Pool;

  /** Opens nothing: connections are opened as they are needed. */
  constructor(target: PostgresTarget) {
    this.#pool = new Pool({ ...clientOptions(target, 'reader'), max: target.poolSize });
    // An idle connection that breaks leaves the pool by itself.
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
        throw new ServiceError('overloaded', 'Too many requests wait for the store. Try again in a moment.');
      }
      const { rows } = await this.#pool.query<Row & QueryResultRow>(prepared(statement));
      return rows;
    });
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
