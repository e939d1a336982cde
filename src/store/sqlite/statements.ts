import type { Statement } from 'better-sqlite3';
import type { Connection } from './connection.ts';
import type { ChangeRow, StateRow } from '../rows.ts';
import { insertPostings } from './order-place.ts';
import { CHANGE_COLUMNS, CHANGES_OF_ORDER, type Value } from './values.ts';

const INSERT_ORDER = `
  INSERT INTO orders (id, customer_id, merchant_id, currency, total, status, version, items, metadata,
                      fingerprint, placed_by, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

const MOVE_ORDER = `UPDATE orders SET status = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?`;

const INSERT_CHANGE = `
  INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset")
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

export type Statements = ReturnType<typeof prepareStatements>;

/** Once a connection: SQLite compiles each text here and never again. */
export function prepareStatements(connection: Connection) {
  const write = (sql: string): Statement<Value[]> => connection.prepare<Value[]>(sql);
  return {
    states: connection.prepare<[string], StateRow>(`
      SELECT id, customer_id, merchant_id, status, version FROM orders
      WHERE id IN (SELECT value FROM json_each(?))`),
    progress: connection.prepare<[string, number], { next_offset: number }>(
      'SELECT next_offset FROM progress WHERE topic = ? AND partition = ?',
    ),
    effectsOf: connection.prepare<[string, number, number], ChangeRow>(`
      SELECT ${CHANGE_COLUMNS}
      FROM order_history h JOIN orders o ON o.id = h.order_id
      WHERE h.order_id = ? AND h.partition = ? AND h."offset" = ? ORDER BY h.version`),
    changesOf: connection.prepare<[string], ChangeRow>(CHANGES_OF_ORDER),
    startProgress: write('INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    moveProgress: write(
      'UPDATE progress SET next_offset = ? WHERE topic = ? AND partition = ? AND next_offset = ?',
    ),
    insertOrder: write(INSERT_ORDER),
    insertPostings: write(insertPostings('orders.seq >= ?')),
    moveOrder: write(MOVE_ORDER),
    insertChange: write(INSERT_CHANGE),
  };
}
