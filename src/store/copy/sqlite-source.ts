import { openReadOnly, settled, type Connection } from '../sqlite/connection.ts';
import {
  columnList,
  namesOf,
  type CopiedKey,
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  type NumberedTable,
} from './copied-tables.ts';
import type { CopySource, PageLimit } from './copy-ends.ts';

/** Everything is of the moment at which it was opened: what services write meanwhile is not seen. */
export class SqliteCopySource implements CopySource {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param path of a file that `migrate` brought to the newest schema @throws ServiceError `store-unavailable` */
  static open(path: string): Promise<SqliteCopySource> {
    return settled(() => {
      const connection = openReadOnly(path);
      // The moment is that of the first read.
      connection.exec('BEGIN; SELECT count(*) FROM progress;');
      return new SqliteCopySource(connection);
    });
  }

  count({ name, key }: CopiedTable, upTo?: CopiedKey): Promise<number> {
    return settled(() => {
      const where = upTo === undefined ? '' : `WHERE (${columnList(key)}) <= (${placeholders(key)})`;
      const sql = `SELECT count(*) AS rows FROM ${name} ${where}`;
      return this.#connection.prepare<CopiedValue[], { rows: number }>(sql).get(...(upTo ?? []))?.rows ?? 0;
    });
  }

  lastNumber({ name, numberedBy }: NumberedTable): Promise<number> {
    return settled(() => {
      const sql = `SELECT max("${numberedBy}") AS last FROM ${name}`;
      return this.#connection.prepare<[], { last: number | null }>(sql).get()?.last ?? 0;
    });
  }

  read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]> {
    return settled(() => {
      const key = columnList(table.key);
      const where = after === undefined ? '' : `WHERE (${key}) > (${placeholders(table.key)})`;
      const sql = `SELECT ${columnList(namesOf(table))} FROM ${table.name} ${where} ORDER BY ${key} LIMIT ?`;
      const statement = this.#connection.prepare<CopiedValue[], CopiedRow>(sql).raw();
      return upToBytes(statement.iterate(...(after ?? []), limit.rows), limit.bytes);
    });
  }

  close(): Promise<void> {
    return settled(() => {
      this.#connection.close();
    });
  }
}

/** Rows behind the page are not even read. */
function upToBytes(rows: Iterable<CopiedRow>, maxBytes: number): CopiedRow[] {
  const page: CopiedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    for (const value of row) bytes += typeof value === 'number' ? 0 : (value?.length ?? 0);
    if (bytes >= maxBytes) break;
  }
  return page;
}

function placeholders(names: readonly string[]): string {
  return names.map(() => '?').join(', ');
}
