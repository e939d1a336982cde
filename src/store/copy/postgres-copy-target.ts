import type { PostgresConnection } from '../postgres/connection.ts';
import { unnest } from '../postgres/statement.ts';
import { columnList, type ColumnType } from '../sql/columns.ts';
import type { Statement } from '../sql/statement.ts';
import {
  keyColumns,
  type CopiedKey,
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  type NumberedTable,
} from './copied-tables.ts';
import type { CopyTarget, PageLimit } from './copy-ends.ts';

type AnyRow = Record<string, CopiedValue | boolean>;

export class PostgresCopyTarget implements CopyTarget {
  readonly #connection: PostgresConnection;

  /** @param connection to a migrated database */
  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]> {
    const page = after === undefined ? firstPage(table, limit) : nextPage(table, after, limit);
    const rows = await this.#connection.query<AnyRow>(page);
    return rows.map((row) => table.columns.map(({ name }) => plain(row[name])));
  }

  async lastKey(table: CopiedTable): Promise<CopiedKey | undefined> {
    const descending = table.key.map((name) => `"${name}" DESC`).join(', ');
    const [row] = await this.#connection.query<AnyRow>(
      statement(
        `last ${table.name}`,
        `SELECT ${columnList(keyColumns(table))} FROM ${table.name} ORDER BY ${descending} LIMIT 1`,
      ),
    );
    return row && table.key.map((name) => plain(row[name]));
  }

  async write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
    const text = `INSERT INTO ${table.name} (${columnList(table.columns)}) OVERRIDING SYSTEM VALUE
      SELECT * FROM ${unnest(table.columns)} ON CONFLICT DO NOTHING`;
    const values = table.columns.map(({ type }, index) => rows.map((row) => sent(type, row[index] ?? null)));
    await this.#connection.write([statement(`write ${table.name}`, text, values)]);
  }

  async continueNumbers(lastNumbers: ReadonlyMap<NumberedTable, number>): Promise<void> {
    const numbered = [...lastNumbers]
      // A sequence cannot be set to 0.
      .filter(([, last]) => last > 0)
      .map(([table, last]) => numberAfter(table, last));
    const changes = `UPDATE change_counter SET last = greatest(last, (SELECT max(seq) FROM order_history))`;
    await this.#connection.write([...numbered, statement('number changes', changes)]);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function firstPage(table: CopiedTable, { rows, bytes }: PageLimit): Statement {
  return statement(`first ${table.name}`, pageText(table, ''), [rows, bytes]);
}

function nextPage(table: CopiedTable, after: CopiedKey, { rows, bytes }: PageLimit): Statement {
  const key = keyColumns(table);
  const bounds = key.map(({ type }, index) => `$${index + 3}::${type}`);
  const where = `WHERE (${columnList(key)}) > (${bounds.join(', ')})`;
  return statement(`next ${table.name}`, pageText(table, where), [rows, bytes, ...after]);
}

function pageText(table: CopiedTable, where: string): string {
  const [names, key] = [columnList(table.columns), columnList(keyColumns(table))];
  const sizes = table.columns
    .filter(({ type }) => type === 'text' || type === 'bytea')
    .map(({ name }) => `coalesce(octet_length("${name}"), 0)`);
  return `SELECT ${names} FROM (
            SELECT *, sum(bytes) OVER (ORDER BY ${key}) - bytes AS bytes_before FROM (
              SELECT ${names}, ${sizes.join(' + ')} AS bytes FROM ${table.name} ${where}
              ORDER BY ${key} LIMIT $1) AS next) AS page
          WHERE bytes_before < $2::bigint ORDER BY ${key}`;
}

function numberAfter({ name, numberedBy }: NumberedTable, last: number): Statement {
  const sequence = `SELECT pg_get_serial_sequence('${name}', '${numberedBy}')::regclass AS sequence`;
  const text = `SELECT setval(sequence, greatest(pg_sequence_last_value(sequence), $1::bigint))
                FROM (${sequence}) AS numbered`;
  return statement(`number ${name}`, text, [last]);
}

function statement(name: string, text: string, values: unknown[] = []): Statement {
  return { name: `copy: ${name}`, text, values };
}

function sent(type: ColumnType, value: CopiedValue): CopiedValue | boolean {
  return type === 'boolean' ? value === 1 : value;
}

function plain(value: CopiedValue | boolean | undefined): CopiedValue {
  return typeof value === 'boolean' ? Number(value) : (value ?? null);
}
