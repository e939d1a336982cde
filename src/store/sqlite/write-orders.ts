import type { Decision } from '../../order/decide.ts';
import { CHANGE_VALUES, loadedVersions, ORDER_VALUES, type SqlValue } from '../sql/columns.ts';
import type { SqliteClient } from './client.ts';
import { conflict } from './conflict.ts';
import { insertManyInto, insertRows, rowsToInsert, type RowsToInsert } from './insert-rows.ts';
import { INSERT_POSTINGS } from './list-key.ts';

const INSERT_ORDERS = insertManyInto('orders', ORDER_VALUES, 'ON CONFLICT (id) DO NOTHING');
const MOVE_ORDER = 'UPDATE orders SET status = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?';
const INSERT_CHANGES = insertManyInto('order_history', CHANGE_VALUES);

export interface OrderRows {
  placed: RowsToInsert;
  moved: { id: string; values: SqlValue[] }[];
  changes: RowsToInsert;
}

/** Prepares the rows to write; call it before taking the write lock, to hold the lock only while writing. */
export function orderRows(decision: Decision): OrderRows {
  const loadedVersion = loadedVersions(decision);
  return {
    placed: rowsToInsert(INSERT_ORDERS, decision.placed),
    moved: decision.moved.map(({ state, updatedAt }) => ({
      id: state.id,
      values: [state.status, state.version, updatedAt, state.id, loadedVersion(state)],
    })),
    changes: rowsToInsert(INSERT_CHANGES, decision.changes),
  };
}

/** @returns the sequence of the last change; 0 without changes @throws ServiceError `progress-conflict` */
export function writeOrders(client: SqliteClient, { placed, moved, changes }: OrderRows): number {
  const { inserted, lastRowid } = insertRows(client, INSERT_ORDERS, placed);
  if (inserted !== placed.count) throw conflict('another writer has placed an order of this batch');
  // A transaction numbers its rows consecutively.
  if (inserted > 0) client.run(INSERT_POSTINGS, lastRowid - inserted + 1);
  const moveOrder = client.prepared(MOVE_ORDER);
  for (const { id, values } of moved) {
    if (moveOrder.run(values).changes !== 1) throw conflict(`another writer has changed order ${id}`);
  }
  return insertRows(client, INSERT_CHANGES, changes).lastRowid;
}
