import { Client } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { SizedRow } from '../sql/page.ts';
import type { SqlClient, Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { isLostConnection, isStaleStatement, translate, translateErrors } from './errors.ts';
import { PostgresSession, type Read, type Rows } from './session.ts';

/**
 * The only connection of a thread. It opens on first use; after a failure, the next use opens a new one. Statements are
 * pipelined, so a transaction takes one round trip.
 *
 * Reads whose connection is lost, and reads and writes whose prepared statement the server no longer accepts, are repeated
 * once on a new connection. All methods throw ServiceErrors: see errors.ts.
 */
export class PostgresConnection implements SqlClient {
  readonly #session: PostgresSession;
  #open: { client: Client; connected: Promise<unknown> } | undefined;
  #isClosed = false;

  /** Does not connect yet. @param part of the service, shown in `pg_stat_activity` */
  constructor(target: PostgresTarget, part: string) {
    this.#session = new PostgresSession(target, part);
  }

  async connect(): Promise<void> {
    await translateErrors(() => this.#using(() => Promise.resolve()));
  }

  /** A read. */
  query<Row extends object>(statement: Statement): Promise<Row[]> {
    return this.#read((client) => this.#session.query<Row>(client, statement));
  }

  page<Row extends SizedRow>(statement: Statement): Promise<Row[]> {
    return this.query(statement);
  }

  /** Snapshot reads, in one round trip. */
  readAll(statements: readonly Statement[]): Promise<Rows[]> {
    return this.#read((client) => this.#session.readAll(client, statements));
  }

  /** Snapshot reads that depend on each other. Do not use the connection for anything else meanwhile. */
  snapshotRead<T>(work: (read: Read) => Promise<T>): Promise<T> {
    return this.#read((client) => this.#session.snapshotRead(client, work));
  }

  /** Runs the statements in one transaction and one round trip. @param ending ROLLBACK for a dry run */
  write(statements: readonly Statement[], ending: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<Rows[]> {
    const [only] = statements;
    // Such an error means that nothing was saved. After a lost connection, it is unknown whether the batch was saved.
    return this.#repeatingOnce(isStaleStatement, async (client) =>
      only !== undefined && statements.length === 1 && ending === 'COMMIT'
        ? [await this.#session.query(client, only)]
        : this.#session.write(client, statements, ending),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = this.#open;
    this.#open = undefined;
    await open?.client.end();
  }

  #read<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#repeatingOnce((error) => isStaleStatement(error) || isLostConnection(error), work);
  }

  #repeatingOnce<T>(
    isRepeatable: (error: unknown) => boolean,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    return translateErrors(async () => {
      try {
        return await this.#using(work);
      } catch (error) {
        if (!isRepeatable(error)) throw error;
        return this.#using(work);
      }
    });
  }

  async #using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { client, connected } = (this.#open ??= this.#connect());
    try {
      await connected;
      return await work(client);
    } catch (thrown) {
      const error = translate(thrown);
      if (!(error instanceof ServiceError) || error.code === 'store-unavailable') this.#drop(client);
      throw thrown;
    }
  }

  #connect(): { client: Client; connected: Promise<unknown> } {
    if (this.#isClosed) throw new ServiceError('store-unavailable', 'The store connection is closed.');
    const client = new Client({ ...this.#session.config, pipeline: true });
    // A broken idle connection is reported only by these events.
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    return { client, connected: client.connect() };
  }

  #drop(client: Client): void {
    if (this.#open?.client !== client) return;
    this.#open = undefined;
    client.end().catch(() => undefined);
  }
}
