import type { CopiedKey, CopiedRow, CopiedTable, NumberedTable } from './copied-tables.ts';

/** A page ends with the row that makes it so many, or so many bytes of text and payload. */
export interface PageLimit {
  rows: number;
  bytes: number;
}

/** Reads rows page by page in the order of their keys. */
export interface CopyEnd {
  /** The rows after this key, from the first one without it; none at the end only. */
  read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]>;
  close(): Promise<void>;
}

/** All of it stands as it did at one moment. */
export interface CopySource extends CopyEnd {
  /** @param upTo the last key that is counted */
  count(table: CopiedTable, upTo?: CopiedKey): Promise<number>;
  /** The highest number of a row, without looking at all of them; 0 in an empty table. */
  lastNumber(table: NumberedTable): Promise<number>;
}

/** Also takes rows. A page is there whole or not at all; what is there already stays as it is. */
export interface CopyTarget extends CopyEnd {
  /** Where a copy that was interrupted goes on; undefined for an empty table. */
  lastKey(table: CopiedTable): Promise<CopiedKey | undefined>;
  write(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>;
  /** New rows are numbered after those that were copied, and after all that the target has numbered itself. */
  numberOn(lastNumbers: ReadonlyMap<NumberedTable, number>): Promise<void>;
}
