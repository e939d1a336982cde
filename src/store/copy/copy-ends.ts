import type { CopiedKey, CopiedRow, CopiedTable, NumberedTable } from './copied-tables.ts';

/** A page ends with the row that reaches a limit. `bytes` counts texts and payloads. */
export interface PageLimit {
  rows: number;
  bytes: number;
}

/** Reads rows page by page in key order. */
export interface CopyEnd {
  /** The rows after this key, or the first rows; empty only at the end. */
  read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]>;
  close(): Promise<void>;
}

/** All reads see one snapshot. */
export interface CopySource extends CopyEnd {
  /** @param upTo the last key to count */
  count(table: CopiedTable, upTo?: CopiedKey): Promise<number>;
  /** The highest row number, read from an index; 0 for an empty table. */
  lastNumber(table: NumberedTable): Promise<number>;
}

/** Writes each page in one transaction. Existing rows stay unchanged. */
export interface CopyTarget extends CopyEnd {
  /** The key after which an interrupted copy continues; undefined for an empty table. */
  lastKey(table: CopiedTable): Promise<CopiedKey | undefined>;
  write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>;
  /** Makes new rows continue after the highest number, of the copied rows or of the target. */
  continueNumbers(lastNumbers: ReadonlyMap<NumberedTable, number>): Promise<void>;
}
