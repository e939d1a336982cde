import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import type { Rows } from '../../../src/store/postgres/session.ts';
import type { Statement } from '../../../src/store/sql/statement.ts';

/** Remembers what it sent. */
export class WatchedConnection extends PostgresConnection {
  readonly sent: Statement[] = [];

  override query<Row extends object>(statement: Statement): Promise<Row[]> {
    this.sent.push(statement);
    return super.query<Row>(statement);
  }

  override write(statements: readonly Statement[]): Promise<Rows[]> {
    this.sent.push(...statements);
    return super.write(statements);
  }
}
