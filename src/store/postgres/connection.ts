import { Client, type QueryResultRow } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { SqlClient, Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions } from './client-options.ts';
import { translateErrors } from './errors.ts';
import { prepared } from './statement.ts';

const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export type Rows = QueryResultRow[];
export type Read = <Row extends object>(statement: Statement) => Promise<Row[]>;

/**
 * The one connection of a thread. The first use opens it, and one that failed is dropped: the next use opens another.
 * Statements are sent without waiting for the answers to those before them (the driver's pipeline mode), so that a
 * transaction costs one round trip.
 *
 * All methods throw ServiceErrors by the table in errors.ts.
 */
export class PostgresConnection implements SqlClient {
  readonly #target: PostgresTarget;
  readonly #part: string;
  #open: { client: Client; connected: Promise<unknown> } | undefined;
  #isClosed = false;

  /** Opens nothing. @param part of the service, as `pg_stat_activity` shows it */
  constructor(target: PostgresTarget, part: string) {
    this.#target = target;
    this.#part = part;
  }

  async connect(): Promise<void> {
    await this.#using(() => Promise.resolve());
  }

  query<Row extends object>(statement: Statement): Promise<Row[]> {
    return this.#using((client) => rowsOf<Row>(client, statement));
  }

  /** Reads of one moment, in one round trip. */
  readAll(statements: readonly Statement[]): Promise<Rows[]> {
    return this.#using((client) => inOneRoundTrip(client, READ, statements, 'COMMIT'));
  }

  /** Reads of one moment where one depends on another. Nothing else may use the connection meanwhile. */
  snapshotRead<T>(work: (read: Read) => Promise<T>): Promise<T> {
    return this.#using(async (client) => {
      const begun = client.query(READ);
      const [, worked] = await Promise.allSettled([
        begun,
        work((statement) => rowsOf(client, statement)),
      ] as const);
      await client.query('COMMIT');
      if (worked.status === 'rejected') throw worked.reason;
      return worked.value;
    });
  }

  /** All or nothing, in one round trip. @param ending ROLLBACK undoes it even if it went well */
  write(statements: readonly Statement[], ending: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<Rows[]> {
    const [only] = statements;
    // One statement is a transaction by itself.
    if (only !== undefined && statements.length === 1 && ending === 'COMMIT') {
      return this.#using(async (client) => [await rowsOf(client, only)]);
    }
    return this.#using((client) => inOneRoundTrip(client, 'BEGIN', statements, ending));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = this.#open;
    this.#open = undefined;
    await open?.client.end();
  }

  #using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return translateErrors(async () => {
      const { client, connected } = (this.#open ??= this.#connect());
      try {
        await connected;
        return await translateErrors(() => work(client));
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code === 'store-unavailable') this.#drop(client);
        throw error;
      }
    });
  }

  #connect(): { client: Client; connected: Promise<unknown> } {
    if (this.#isClosed) throw new ServiceError('store-unavailable', 'The connection was closed.');
    const client = new Client({ ...clientOptions(this.#target, this.#part), pipeline: true });
    // Only these notice that an idle connection breaks.
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

async function rowsOf<Row extends object>(client: Client, statement: Statement): Promise<Row[]> {
  const { rows } = await client.query<Row & QueryResultRow>(prepared(statement));
  return rows;
}

/** After a failure PostgreSQL refuses the other statements and rolls back: the first error is the reason. */
async function inOneRoundTrip(
  client: Client,
  begin: string,
  statements: readonly Statement[],
  ending: string,
): Promise<Rows[]> {
  const begun = client.query(begin);
  const answers = statements.map((statement) => rowsOf(client, statement));
  const ended = client.query(ending);
  const outcomes = await Promise.allSettled([begun, ...answers, ended]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Promise.all(answers);
}
