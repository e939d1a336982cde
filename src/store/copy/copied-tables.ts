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
  /** the columns that both stores have, in the order of copying */
  columns: readonly Column[];
  /** columns of an index that both stores have; rows are read, written and compared in its order */
  key: readonly string[];
  /** the column with generated numbers, if the table has one */
  numberedBy?: string;
}

export type NumberedTable = CopiedTable & { numberedBy: string };

/** A value in the form that both stores share; booleans are 0 and 1. */
export type CopiedValue = string | number | Buffer | null;

/** The values of a row, in the order of its columns. */
export type CopiedRow = CopiedValue[];

/** The values of a row's key. */
export type CopiedKey = CopiedValue[];

/**
 * All tables of a store, in the order of copying. `progress` comes last, because a service that starts on a partial copy would
 * otherwise continue from it.
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
  { name: 'retrying_events', columns: EVENT_VALUES, key: ['order_id', 'partition', 'offset'] },
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
  { name: 'log_identities', columns: columns('text', 'topic', 'identity'), key: ['topic'] },
  {
    name: 'history_epochs',
    columns: [
      ...columns('bigint', 'number'),
      ...columns('text', 'id'),
      ...columns('bigint', 'first_sequence'),
    ],
    key: ['number'],
    numberedBy: 'number',
  },
  { name: 'status_logs', columns: columns('text', 'topic', 'identity', 'ends'), key: ['topic'] },
  {
    name: 'partition_owners',
    columns: [
      ...columns('text', 'topic'),
      ...columns('bigint', 'partition'),
      ...columns('text', 'owner'),
      ...columns('bigint', 'unclean_ends'),
    ],
    key: ['topic', 'partition'],
  },
  {
    name: 'lone_orders',
    columns: [
      ...columns('text', 'order_id', 'topic'),
      ...columns('bigint', 'partition'),
      ...columns('text', 'owner'),
      ...columns('bigint', 'unclean_ends'),
    ],
    key: ['order_id'],
  },
  {
    name: 'api_keys',
    columns: [
      ...columns('text', 'id', 'hash', 'name', 'owner', 'customer_id', 'merchant_id', 'scopes'),
      ...columns('bigint', 'created_at', 'expires_at', 'revoked_at'),
    ],
    key: ['id'],
  },
  {
    name: 'erasures',
    columns: [
      ...columns('bigint', 'id'),
      ...columns('text', 'customer_hash', 'salt', 'requested_by'),
      ...columns('bigint', 'requested_at', 'completed_at'),
      ...columns('text', 'counts'),
    ],
    key: ['id'],
    numberedBy: 'id',
  },
  {
    name: 'order_retention',
    columns: [
      ...columns('bigint', 'id'),
      ...columns('text', 'owner'),
      ...columns('bigint', 'seen_at', 'deleted_before'),
    ],
    key: ['id'],
  },
  {
    name: 'progress',
    columns: [
      ...columns('text', 'topic'),
      ...columns('bigint', 'partition', 'next_offset'),
      ...columns('text', 'last_record'),
    ],
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
