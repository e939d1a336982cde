import { Client, type QueryResultRow } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import { clientOptions } from './client-options.ts';
import { translated } from './postgres-failure.ts';
import type { PostgresTarget } from '../target.ts';
import type { Rows, Statement } from './statement.ts';
import { parameter } from './zero-text.ts';

const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export type Read = <Row extends QueryResultRow>(statement: Statement) => Promise<Row[]>;

/**
 * The one connection of a thread. It is opened by the first use, and a connection that failed is dropped: the next use
 * opens another. Statements are sent without waiting for the answers of those before them (the driver's pipeline mode),
 * so that a transaction costs one round trip.
 *
 * All methods throw ServiceErrors as the table in postgres-failure.ts has them.
 */
export class PostgresConnection {
  readonly #target: PostgresTarget;
  readonly #part: string;
  #open: { client: Client; connected: Promise<unknown> } | undefined;
  #isClosed = false;

  /** Opens nothing. @param part of the service, for the database's own lists */
  constructor(target: PostgresTarget, part: string) {
    this.#target = target;
    this.#part = part;
  }

  async connect(): Promise<void> {
    await this.#using(() => Promise.resolve());
  }

  query<Row extends QueryResultRow>(statement: Statement): Promise<Row[]> {
    return this.#using((client) => rowsOf<Row>(client, statement));
  }

  /** What the statements find at one moment, in one round trip. */
  readAll(statements: readonly Statement[]): Promise<Rows[]> {
    return this.#using((client) => inOneGo(client, READ, statements, 'COMMIT'));
  }

  /** Reads of one moment that follow from one another. Not to be used at once with anything else. */
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

  /** All or nothing, in one round trip. @param ending ROLLBACK takes everything back that went well */
  write(statements: readonly Statement[], ending: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<Rows[]> {
    const [only] = statements;
    // A statement alone is a transaction by itself.
    if (only !== undefined && statements.length === 1 && ending === 'COMMIT') {
      return this.#using(async (client) => [await rowsOf(client, only)]);
    }
    return this.#using((client) => inOneGo(client, 'BEGIN', statements, ending));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = this.#open;
    this.#open = undefined;
    await open?.client.end();
  }

  #using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return translated(async () => {
      const { client, connected } = (this.#open ??= this.#connect());
      try {
        await connected;
        return await translated(() => work(client));
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code === 'store-unavailable') this.#drop(client);
        throw error;
      }
    });
  }

  #connect(): { client: Client; connected: Promise<unknown> } {
    if (this.#isClosed) throw new ServiceError('store-unavailable', 'The connection was closed.');
    const client = new Client({ ...clientOptions(this.#target, this.#part), pipeline: true });
    // One that breaks while nobody uses it is noticed here, and by nobody else.
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

async function rowsOf<Row extends QueryResultRow>(client: Client, statement: Statement): Promise<Row[]> {
  const { rows } = await client.query<Row>(prepared(statement));
  return rows;
}

function prepared({ name, text, values }: Statement): Statement {
  return { name, text, values: values.map(parameter) };
}

/** After a failure PostgreSQL answers the rest with errors that say so, and rolls back: the first one is the reason. */
async function inOneGo(
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
