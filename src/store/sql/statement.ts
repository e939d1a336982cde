/** What is sent. A connection prepares each text once; PostgreSQL knows it by its name, so one name has one text. */
export interface Statement {
  name: string;
  /** with a `?` for each value, in order; PostgreSQL's own texts have `$1`, `$2`, … instead */
  text: string;
  values: unknown[];
}

/** A part of a statement. */
export interface Fragment {
  text: string;
  values: unknown[];
}

/** Reads outside of a batch's transaction. */
export interface SqlClient {
  /** @throws ServiceError `store-unavailable` */
  query<Row extends object>(statement: Statement): Promise<Row[]>;
  close(): Promise<void>;
}
