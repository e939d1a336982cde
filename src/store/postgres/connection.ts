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
 * The only connection of a thread. It opens on first use; after a failure, the next use opens a new one. Statements are
 * pipelined, so a transaction takes one round trip.
 *
 * All methods throw ServiceErrors: see errors.ts.
 */
export class PostgresConnection implements SqlClient {
  readonly #target: PostgresTarget;
  readonly #part: string;
  #open: { client: Client; connected: Promise<unknown> } | undefined;
  #isClosed = false;

  /** Does not connect yet. @param part of the service, shown in `pg_stat_activity` */
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

  /** Snapshot reads, in one round trip. */
  readAll(statements: readonly Statement[]): Promise<Rows[]> {
    return this.#using((client) => inOneRoundTrip(client, READ, statements, 'COMMIT'));
  }

  /** Snapshot reads that depend on each other. Do not use the connection for anything else meanwhile. */
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

  /** Runs the statements in one transaction and one round trip. @param ending ROLLBACK for a dry run */
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
    if (this.#isClosed) throw new ServiceError('store-unavailable', 'The store connection is closed.');
    const client = new Client({ ...clientOptions(this.#target, this.#part), pipeline: true });
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

async function rowsOf<Row extends object>(client: Client, statement: Statement): Promise<Row[]> {
  const { rows } = await client.query<Row & QueryResultRow>(prepared(statement));
  return rows;
}

/** @throws the first error: PostgreSQL rejects the statements after it and rolls back */
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
