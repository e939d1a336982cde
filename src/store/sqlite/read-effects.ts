import type { AppliedRecord, Effects } from '../order-store.ts';
import {
  CHANGE_COLUMNS,
  FAILED_COLUMNS,
  toChange,
  toFailedRecord,
  type ChangeRow,
  type FailedRow,
} from '../sql/rows.ts';
import type { SqliteClient } from './client.ts';

const CHANGES = `SELECT ${CHANGE_COLUMNS} FROM order_history h JOIN orders o ON o.id = h.order_id WHERE h.order_id = ?`;
const CHANGES_OF_ORDER = `${CHANGES} ORDER BY h.version`;
const CHANGES_AT = `${CHANGES} AND h.partition = ? AND h."offset" = ? ORDER BY h.version`;

const DEAD_LETTERS = `SELECT ${FAILED_COLUMNS} FROM dead_letters`;
const DEAD_LETTERS_AT = `${DEAD_LETTERS} WHERE topic = ? AND partition = ? AND "offset" = ?`;

/** The dead letters of the latest retry of an order, without older ones. */
const DEAD_LETTERS_OF_RETRY = `
  ${DEAD_LETTERS}
  WHERE order_id = ? AND failed_at >= (SELECT failed_at FROM retrying_orders WHERE order_id = ?) ORDER BY id`;

/** The changes and the dead letters that command records caused. */
export function readEffects(client: SqliteClient, topic: string, records: readonly AppliedRecord[]): Effects {
  return {
    changes: records.flatMap(({ orderId, position: { partition, offset } }) =>
      client.all<ChangeRow>(CHANGES_AT, orderId, partition, offset).map(toChange),
    ),
    deadLetters: records.flatMap(({ position: { partition, offset } }) =>
      client.all<FailedRow>(DEAD_LETTERS_AT, topic, partition, offset).map(toFailedRecord),
    ),
  };
}

/** All changes of retried orders, and the dead letters of their latest retry. */
export function readEffectsOfRetries(client: SqliteClient, orderIds: readonly string[]): Effects {
  return {
    changes: orderIds.flatMap((id) => client.all<ChangeRow>(CHANGES_OF_ORDER, id).map(toChange)),
    deadLetters: orderIds.flatMap((id) =>
      client.all<FailedRow>(DEAD_LETTERS_OF_RETRY, id, id).map(toFailedRecord),
    ),
  };
}
