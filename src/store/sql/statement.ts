import type { SizedRow } from './page.ts';

/** A query with its parameters. PostgreSQL caches prepared statements by name, so a name must always have the same text. */
export interface Statement {
  name: string;
  /** has a `?` for each value, in order; texts for PostgreSQL alone use `$1`, `$2`, … */
  text: string;
  values: unknown[];
}

export interface Fragment {
  text: string;
  values: unknown[];
}

/** Runs single statements, outside a batch's transaction. */
export interface SqlClient {
  /** @throws ServiceError `store-unavailable` */
  query<Row extends object>(statement: Statement): Promise<Row[]>;
  /**
   * Reads the rows of one page, and the row after it if the page ends early. Never reads more of a list: a hundred large rows
   * would fill the memory.
   * @param statement of the dialect's `keysetStatement` or `OrderLists.page`
   * @param maxBytes of the page, the same as for the statement; `MAX_PAGE_BYTES` by default
   * @throws ServiceError `store-unavailable`
   */
  page<Row extends SizedRow>(statement: Statement, maxBytes?: number): Promise<Row[]>;
  close(): Promise<void>;
}
