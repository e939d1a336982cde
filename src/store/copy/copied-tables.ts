/** How a column is sent to PostgreSQL: one array of this type for a page of rows. */
export type ColumnType = 'text' | 'bigint' | 'boolean' | 'bytea';

export interface CopiedTable {
  name: string;
  /** in both stores, in this order */
  columns: readonly { name: string; type: ColumnType }[];
  /** Columns by which both stores have an index: rows are read, written and compared in their order. */
  key: readonly string[];
  /** the column that numbers the rows by itself, where there is one */
  numberedBy?: string;
}

export type NumberedTable = CopiedTable & { numberedBy: string };

/** What both stores give and take; 0 and 1 stand for false and true. */
export type CopiedValue = string | number | Buffer | null;

/** The values of a row, by the columns of its table. */
export type CopiedRow = CopiedValue[];

/** The values of a row's key. */
export type CopiedKey = CopiedValue[];

/**
 * All that a store holds, in the order in which it is copied. `progress` is the last: where it stands, all before it is
 * there, and a service that found it would go on from it.
 */
export const COPIED_TABLES: readonly CopiedTable[] = [
  {
    name: 'orders',
    columns: columns({
      bigint: ['seq', 'total', 'version', 'created_at', 'updated_at'],
      text: [
        'id',
        'customer_id',
        'merchant_id',
        'currency',
        'status',
        'items',
        'metadata',
        'fingerprint',
        'placed_by',
      ],
    }),
    key: ['id'],
    numberedBy: 'seq',
  },
  {
    name: 'order_history',
    columns: columns({
      text: ['order_id', 'status', 'reason'],
      bigint: ['seq', 'version', 'at', 'partition', 'offset'],
    }),
    key: ['order_id', 'version'],
  },
  {
    name: 'retrying_orders',
    columns: columns({
      text: ['order_id', 'topic', 'error'],
      bigint: ['partition', 'attempts', 'events', 'first_failed_at', 'failed_at', 'due_at', 'late_ms'],
      boolean: ['completed'],
    }),
    key: ['order_id'],
  },
  {
    name: 'retrying_events',
    columns: columns({
      text: ['order_id', 'headers'],
      bigint: ['offset', 'partition', 'log_timestamp'],
      bytea: ['key', 'value'],
    }),
    key: ['order_id', 'offset'],
  },
  {
    name: 'dead_letters',
    columns: columns({
      bigint: [
        ...['id', 'partition', 'offset', 'log_timestamp', 'attempts'],
        ...['first_failed_at', 'failed_at', 'replay_count'],
      ],
      text: ['topic', 'order_id', 'reason', 'error', 'state'],
      bytea: ['key', 'value'],
    }),
    key: ['id'],
    numberedBy: 'id',
  },
  {
    name: 'dead_letter_audit',
    columns: columns({ bigint: ['id', 'letter_id', 'at'], text: ['act', 'by', 'detail'] }),
    key: ['id'],
    numberedBy: 'id',
  },
  {
    name: 'progress',
    columns: columns({ text: ['topic'], bigint: ['partition', 'next_offset'] }),
    key: ['topic', 'partition'],
  },
];

export const NUMBERED_TABLES = COPIED_TABLES.filter(
  (table): table is NumberedTable => table.numberedBy !== undefined,
);

/** Quoted, since `offset` and `key` are words of SQL. */
export function columnList(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

export function namesOf({ columns }: CopiedTable): string[] {
  return columns.map(({ name }) => name);
}

export function keyOf({ columns, key }: CopiedTable, row: CopiedRow): CopiedKey {
  return key.map((name) => row[columns.findIndex((column) => column.name === name)] ?? null);
}

function columns(byType: Partial<Record<ColumnType, string[]>>): CopiedTable['columns'] {
  return (Object.entries(byType) as [ColumnType, string[]][]).flatMap(([type, names]) =>
    names.map((name) => ({ name, type })),
  );
}
