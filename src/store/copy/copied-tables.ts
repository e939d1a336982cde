import {
  CHANGE_VALUES,
  DEAD_LETTER_VALUES,
  EVENT_VALUES,
  ORDER_VALUES,
  RETRYING_ORDER_VALUES,
  type Column,
  type ColumnType,
} from '../sql/columns.ts';

export interface CopiedTable {
  name: string;
  /** in both stores, in this order */
  columns: readonly Column[];
  /** Both stores have an index on these columns: rows are read, written and compared in their order. */
  key: readonly string[];
  /** the column that numbers the rows, where one does */
  numberedBy?: string;
}

export type NumberedTable = CopiedTable & { numberedBy: string };

/** The values that both stores read and write; booleans are 0 and 1. */
export type CopiedValue = string | number | Buffer | null;

/** The values of a row, by the columns of its table. */
export type CopiedRow = CopiedValue[];

/** The values of a row's key. */
export type CopiedKey = CopiedValue[];

/**
 * Everything in a store, in the order in which it is copied. `progress` comes last: a service that started on a partial copy
 * would continue from it.
 */
export const COPIED_TABLES: readonly CopiedTable[] = [
  {
    name: 'orders',
    columns: [...columns('bigint', 'seq'), ...ORDER_VALUES],
    key: ['id'],
    numberedBy: 'seq',
  },
  {
    name: 'order_history',
    columns: [...CHANGE_VALUES, ...columns('bigint', 'seq')],
    key: ['order_id', 'version'],
  },
  {
    name: 'retrying_orders',
    columns: [...RETRYING_ORDER_VALUES, ...columns('boolean', 'completed')],
    key: ['order_id'],
  },
  { name: 'retrying_events', columns: EVENT_VALUES, key: ['order_id', 'offset'] },
  {
    name: 'dead_letters',
    columns: [...columns('bigint', 'id'), ...DEAD_LETTER_VALUES],
    key: ['id'],
    numberedBy: 'id',
  },
  {
    name: 'dead_letter_audit',
    columns: [...columns('bigint', 'id', 'letter_id', 'at'), ...columns('text', 'act', 'by', 'detail')],
    key: ['id'],
    numberedBy: 'id',
  },
  {
    name: 'progress',
    columns: [...columns('text', 'topic'), ...columns('bigint', 'partition', 'next_offset')],
    key: ['topic', 'partition'],
  },
];

export const NUMBERED_TABLES = COPIED_TABLES.filter(
  (table): table is NumberedTable => table.numberedBy !== undefined,
);

export function keyColumns({ columns, key }: CopiedTable): Column[] {
  return key.flatMap((name) => columns.filter((column) => column.name === name));
}

export function keyOf({ columns, key }: CopiedTable, row: CopiedRow): CopiedKey {
  return key.map((name) => row[columns.findIndex((column) => column.name === name)] ?? null);
}

function columns(type: ColumnType, ...names: string[]): Column[] {
  return names.map((name) => ({ name, type }));
}
