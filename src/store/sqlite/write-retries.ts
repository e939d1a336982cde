import type { RetryingOrder, RetryChanges } from '../retries.ts';
import {
  detailText,
  EVENT_VALUES,
  numberedEvents,
  RESTART_COMPLETED,
  RETRYING_ORDER_VALUES,
  valuesOf,
  type SqlValue,
} from '../sql/columns.ts';
import { insertInto, type SqliteClient } from './client.ts';
import { conflict } from './conflict.ts';

const ADD = `${insertInto('retrying_orders', RETRYING_ORDER_VALUES)} ${RESTART_COMPLETED}`;

/** Matches only a row that has not changed since it was loaded: another owner of the partition may have retried the order. */
const AS_LOADED = 'WHERE order_id = ? AND attempts = ? AND events = ? AND due_at = ? AND NOT completed';
const APPEND = `UPDATE retrying_orders SET events = events + ? ${AS_LOADED}`;
const RESCHEDULE = `
  UPDATE retrying_orders SET attempts = ?, error = ?, first_failed_at = ?, failed_at = ?, due_at = ?, late_ms = ?,
    unanswered = ?, error_detail = CASE WHEN error = ? THEN coalesce(?, error_detail) ELSE ? END ${AS_LOADED}`;
const COMPLETE = `UPDATE retrying_orders SET completed = 1, events = 0, due_at = 0 ${AS_LOADED}`;
const PURGE = `
  DELETE FROM retrying_orders WHERE completed AND order_id IN (SELECT value FROM json_each(?))`;

const ADD_EVENT = insertInto('retrying_events', EVENT_VALUES);
const DELETE_EVENTS = 'DELETE FROM retrying_events WHERE order_id = ?';

/** Deletes the completed ones of these orders. */
export function purgeCompleted(client: SqliteClient, orderIds: readonly string[]): void {
  client.run(PURGE, JSON.stringify(orderIds));
}

/** Writes the changes of a batch, inside its transaction. @throws ServiceError `progress-conflict` */
export function writeRetryChanges(client: SqliteClient, topic: string, retryChanges: RetryChanges): void {
  const { added, appended, rescheduled, completed, purged } = retryChanges;
  const change = (text: string, { orderId }: RetryingOrder, ...values: SqlValue[]) => {
    if (client.run(text, ...values).changes === 1) return;
    throw conflict(`another writer has changed the retrying order ${orderId}`);
  };
  if (purged.length > 0) purgeCompleted(client, purged);
  for (const order of added) change(ADD, order, ...valuesOf(RETRYING_ORDER_VALUES, { ...order, topic }));
  for (const { loaded, events: more } of appended) change(APPEND, loaded, more, ...asLoaded(loaded));
  for (const event of numberedEvents(retryChanges)) client.run(ADD_EVENT, ...valuesOf(EVENT_VALUES, event));
  for (const { loaded, next } of rescheduled) {
    const { attempts, error, firstFailedAt, failedAt, dueAt, lateMs, unanswered } = next;
    const detail = detailText(next.detail);
    const times = [firstFailedAt, failedAt, dueAt, lateMs];
    const values = [attempts, error, ...times, Number(unanswered), error, detail, detail];
    change(RESCHEDULE, loaded, ...values, ...asLoaded(loaded));
  }
  for (const loaded of completed) {
    change(COMPLETE, loaded, ...asLoaded(loaded));
    client.run(DELETE_EVENTS, loaded.orderId);
  }
}

function asLoaded({ orderId, attempts, events, dueAt }: RetryingOrder): SqlValue[] {
  return [orderId, attempts, events, dueAt];
}
