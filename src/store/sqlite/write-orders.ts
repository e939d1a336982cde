import type { Decision } from '../../order/decide.ts';
import { CHANGE_VALUES, loadedVersions, ORDER_VALUES, valuesOf, type SqlValue } from '../sql/columns.ts';
import { insertInto, type SqliteClient } from './client.ts';
import { conflict } from './conflict.ts';
import { INSERT_POSTINGS } from './list-key.ts';

const INSERT_ORDER = `${insertInto('orders', ORDER_VALUES)} ON CONFLICT (id) DO NOTHING`;
const MOVE_ORDER = 'UPDATE orders SET status = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?';
const INSERT_CHANGE = insertInto('order_history', CHANGE_VALUES);

export interface OrderRows {
  placed: { id: string; values: SqlValue[] }[];
  moved: { id: string; values: SqlValue[] }[];
  changes: SqlValue[][];
}

/** Prepares the rows to write; call it before taking the write lock, to hold the lock only while writing. */
export function orderRows(decision: Decision): OrderRows {
  const loadedVersion = loadedVersions(decision);
  return {
    placed: decision.placed.map((order) => ({ id: order.state.id, values: valuesOf(ORDER_VALUES, order) })),
    moved: decision.moved.map(({ state, updatedAt }) => ({
      id: state.id,
      values: [state.status, state.version, updatedAt, state.id, loadedVersion(state)],
    })),
    changes: decision.changes.map((change) => valuesOf(CHANGE_VALUES, change)),
  };
}

/** @returns the sequence of the last change; 0 without changes @throws ServiceError `progress-conflict` */
export function writeOrders(client: SqliteClient, { placed, moved, changes }: OrderRows): number {
  // Look each statement up once, not once per row.
  const insertOrder = client.prepared(INSERT_ORDER);
  const moveOrder = client.prepared(MOVE_ORDER);
  const insertChange = client.prepared(INSERT_CHANGE);
  let firstSeq: number | bigint | undefined;
  for (const { id, values } of placed) {
    const { changes, lastInsertRowid } = insertOrder.run(values);
    if (changes !== 1) throw conflict(`another writer has placed order ${id}`);
    firstSeq ??= lastInsertRowid;
  }
  if (firstSeq !== undefined) client.run(INSERT_POSTINGS, firstSeq);
  for (const { id, values } of moved) {
    if (moveOrder.run(values).changes !== 1) throw conflict(`another writer has changed order ${id}`);
  }
  let lastSequence = 0;
  for (const values of changes) lastSequence = Number(insertChange.run(values).lastInsertRowid);
  return lastSequence;
}
