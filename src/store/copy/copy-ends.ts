import type { CopiedKey, CopiedRow, CopiedTable, NumberedTable } from './copied-tables.ts';

/** A page ends with the row that reaches one of the limits; bytes are those of texts and payloads. */
export interface PageLimit {
  rows: number;
  bytes: number;
}

/** Reads rows page by page in the order of their keys. */
export interface CopyEnd {
  /** The rows after this key, or from the first one; none only at the end. */
  read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]>;
  close(): Promise<void>;
}

/** All reads see the same moment. */
export interface CopySource extends CopyEnd {
  /** @param upTo the last key to count */
  count(table: CopiedTable, upTo?: CopiedKey): Promise<number>;
  /** The highest number of a row, from an index; 0 in an empty table. */
  lastNumber(table: NumberedTable): Promise<number>;
}

/** A page is written whole or not at all. Rows that exist stay as they are. */
export interface CopyTarget extends CopyEnd {
  /** Where an interrupted copy continues; undefined for an empty table. */
  lastKey(table: CopiedTable): Promise<CopiedKey | undefined>;
  write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>;
  /** New rows are numbered after the copied ones, and after those that the target has numbered itself. */
  continueNumbers(lastNumbers: ReadonlyMap<NumberedTable, number>): Promise<void>;
}
