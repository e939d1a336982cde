import type { PostgresConnection } from '../postgres/connection.ts';
import type { Statement } from '../postgres/statement.ts';
import {
  columnList,
  namesOf,
  type CopiedKey,
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  type ColumnType,
  type NumberedTable,
} from './copied-tables.ts';
import type { CopyTarget } from './copy-ends.ts';

type AnyRow = Record<string, CopiedValue | boolean>;

export class PostgresCopyTarget implements CopyTarget {
  readonly #connection: PostgresConnection;

  /** @param connection to a database that was migrated; closed by `close` */
  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async read(table: CopiedTable, after: CopiedKey | undefined, limit: number): Promise<CopiedRow[]> {
    const key = columnList(table.key);
    const names = namesOf(table);
    const select = `SELECT ${columnList(names)} FROM ${table.name}`;
    const rest = `ORDER BY ${key} LIMIT $1`;
    const first = statement(`first ${table.name}`, `${select} ${rest}`, [limit]);
    const bounds = table.key.map((name, index) => `$${index + 2}::${typeOf(table, name)}`);
    const next = `${select} WHERE (${key}) > (${bounds.join(', ')}) ${rest}`;
    const rows = await this.#connection.query<AnyRow>(
      after === undefined ? first : statement(`next ${table.name}`, next, [limit, ...after]),
    );
    return rows.map((row) => names.map((name) => plain(row[name])));
  }

  async lastKey(table: CopiedTable): Promise<CopiedKey | undefined> {
    const downwards = table.key.map((name) => `"${name}" DESC`).join(', ');
    const [row] = await this.#connection.query<AnyRow>(
      statement(
        `last ${table.name}`,
        `SELECT ${columnList(table.key)} FROM ${table.name} ORDER BY ${downwards} LIMIT 1`,
      ),
    );
    return row && table.key.map((name) => plain(row[name]));
  }

  async write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
    const arrays = table.columns.map(({ type }, index) => `$${index + 1}::${type}[]`);
    const text = `INSERT INTO ${table.name} (${columnList(namesOf(table))}) OVERRIDING SYSTEM VALUE
      SELECT * FROM unnest(${arrays.join(', ')}) ON CONFLICT DO NOTHING`;
    const values = table.columns.map(({ type }, index) => rows.map((row) => sent(type, row[index] ?? null)));
    await this.#connection.write([statement(`write ${table.name}`, text, values)]);
  }

  async numberOn(lastNumbers: ReadonlyMap<NumberedTable, number>): Promise<void> {
    const numbered = [...lastNumbers]
      // A sequence begins at 1: it cannot stand at 0.
      .filter(([, last]) => last > 0)
      .map(([table, last]) => numberAfter(table, last));
    const changes = `UPDATE change_counter SET last = greatest(last, (SELECT max(seq) FROM order_history))`;
    await this.#connection.write([...numbered, statement('number changes', changes)]);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
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

function typeOf({ columns }: CopiedTable, name: string): ColumnType {
  return columns.find((column) => column.name === name)?.type ?? 'text';
}

function sent(type: ColumnType, value: CopiedValue): CopiedValue | boolean {
  return type === 'boolean' ? value === 1 : value;
}

function plain(value: CopiedValue | boolean | undefined): CopiedValue {
  return typeof value === 'boolean' ? Number(value) : (value ?? null);
}
