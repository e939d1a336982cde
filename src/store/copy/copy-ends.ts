import type { CopiedKey, CopiedRow, CopiedTable } from './copied-tables.ts';

/** Reads rows page by page in the order of their keys, as they stand at one moment. */
export interface CopySource {
  count(table: CopiedTable): Promise<number>;
  /** The rows after this key, from the first one without it; fewer than `limit` at the end only. */
  read(table: CopiedTable, after: CopiedKey | undefined, limit: number): Promise<CopiedRow[]>;
  close(): Promise<void>;
}

/** Also takes rows. A page is there whole or not at all; what is there already stays as it is. */
export interface CopyTarget extends CopySource {
  /** Where a copy that was interrupted goes on; undefined for an empty table. */
  lastKey(table: CopiedTable): Promise<CopiedKey | undefined>;
  write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>;
  /** New rows are numbered after those that were copied. */
  numberOn(): Promise<void>;
}
