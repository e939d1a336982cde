import type { Client, ClientConfig, ClientBase, QueryResultRow } from 'pg';
import type { Statement } from '../sql/statement.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions, isThroughPgBouncer, transactionSettings } from './client-options.ts';
import { prepared } from './statement.ts';

export type Rows = QueryResultRow[];
export type Read = <Row extends object>(statement: Statement) => Promise<Row[]>;

/** Not serializable, whatever the database's default is: a lost race must be a `progress-conflict`, not a failing store. */
const WRITE = 'BEGIN ISOLATION LEVEL READ COMMITTED';
const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * Runs statements on the connections of one part of the service, each call in one round trip.
 *
 * PgBouncer gives each transaction another server connection. So behind it no statement has a name, and every transaction sets
 * its time limits and planner settings for itself.
 */
export class PostgresSession {
  /** for `Client` and `Pool` */
  readonly config: ClientConfig;
  readonly #isThroughPgBouncer: boolean;
  readonly #settings: string;

  /** @param part of the service, shown in `pg_stat_activity` */
  constructor(target: PostgresTarget, part: string) {
    this.config = clientOptions(target, part);
    this.#isThroughPgBouncer = isThroughPgBouncer(target);
    this.#settings = this.#isThroughPgBouncer ? transactionSettings(target) : '';
  }

  /** One statement is a transaction by itself. */
  async query<Row extends object>(client: ClientBase, statement: Statement): Promise<Row[]> {
    if (!this.#isThroughPgBouncer) return this.#rowsOf<Row>(client, statement);
    const [rows] = await this.#inOneRoundTrip(client, WRITE, [statement], 'COMMIT');
    return (rows ?? []) as Row[];
  }

  /** One transaction. @param ending ROLLBACK for a dry run */
  write(
    client: Client,
    statements: readonly Statement[],
    ending: 'COMMIT' | 'ROLLBACK' = 'COMMIT',
  ): Promise<Rows[]> {
    return this.#inOneRoundTrip(client, WRITE, statements, ending);
  }

  /** Reads of one snapshot. */
  readAll(client: Client, statements: readonly Statement[]): Promise<Rows[]> {
    return this.#inOneRoundTrip(client, READ, statements, 'COMMIT');
  }

  /** Reads of one snapshot that depend on each other; several round trips. */
  async snapshotRead<T>(client: Client, work: (read: Read) => Promise<T>): Promise<T> {
    const failures: unknown[] = [];
    const read: Read = async (statement) => {
      try {
        return await this.#rowsOf(client, statement);
      } catch (error) {
        failures.push(error);
        throw error;
      }
    };
    const begun = client.query(READ + this.#settings);
    const [, worked] = await Promise.allSettled([begun, work(read)] as const);
    await client.query('COMMIT');
    // `work` may see a later error first, and those only say that the transaction has failed.
    if (worked.status === 'rejected') throw failures[0] ?? worked.reason;
    return worked.value;
  }

  /** @throws the first error: PostgreSQL rejects the statements after it and rolls back */
  async #inOneRoundTrip(
    client: ClientBase,
    begin: string,
    statements: readonly Statement[],
    ending: string,
  ): Promise<Rows[]> {
    const begun = client.query(begin + this.#settings);
    const answers = statements.map((statement) => this.#rowsOf(client, statement));
    const ended = client.query(ending);
    const outcomes = await Promise.allSettled([begun, ...answers, ended]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return Promise.all(answers);
  }

  async #rowsOf<Row extends object>(client: ClientBase, statement: Statement): Promise<Row[]> {
    const { name, text, values } = prepared(statement);
    const query = this.#isThroughPgBouncer ? { text, values } : { name, text, values };
    const { rows } = await client.query<Row & QueryResultRow>(query);
    return rows;
  }
}
