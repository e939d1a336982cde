import type { RetryingOrder, RetryChanges } from '../retries.ts';
import {
  columnList,
  detailText,
  EVENT_VALUES,
  numberedEvents,
  RESTART_COMPLETED,
  RETRYING_ORDER_VALUES,
} from '../sql/columns.ts';
import type { Statement } from '../sql/statement.ts';
import { columnValues, expecting, unnest } from './statement.ts';

const ADD = `
  INSERT INTO retrying_orders (${columnList(RETRYING_ORDER_VALUES)})
  SELECT * FROM ${unnest(RETRYING_ORDER_VALUES)} ${RESTART_COMPLETED}`;

/** Matches only rows that have not changed since they were loaded: another owner of the partition may have retried the orders. */
const AS_LOADED = `
  WHERE retrying.order_id = loaded.order_id AND retrying.attempts = loaded.attempts AND retrying.events = loaded.events
    AND retrying.due_at = loaded.loaded_due_at AND NOT retrying.completed`;

const APPEND = `
  UPDATE retrying_orders AS retrying SET events = retrying.events + loaded.more
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS loaded (order_id, attempts, events, loaded_due_at, more)
  ${AS_LOADED}`;

const RESCHEDULE = `
  UPDATE retrying_orders AS retrying SET attempts = loaded.next_attempts, error = loaded.error,
    first_failed_at = loaded.first_failed_at, failed_at = loaded.failed_at, due_at = loaded.due_at,
    late_ms = loaded.late_ms, unanswered = loaded.unanswered,
    error_detail = CASE WHEN retrying.error = loaded.error THEN coalesce(loaded.error_detail, retrying.error_detail)
      ELSE loaded.error_detail END
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[],
      $9::bigint[], $10::bigint[], $11::boolean[], $12::text[])
    AS loaded (order_id, attempts, events, loaded_due_at, next_attempts, error, first_failed_at, failed_at, due_at,
      late_ms, unanswered, error_detail)
  ${AS_LOADED}`;

const COMPLETE = `
  UPDATE retrying_orders AS retrying SET completed = true, events = 0, due_at = 0
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
    AS loaded (order_id, attempts, events, loaded_due_at)
  ${AS_LOADED}`;

const ADD_EVENTS = `
  INSERT INTO retrying_events (${columnList(EVENT_VALUES)}) SELECT * FROM ${unnest(EVENT_VALUES)}`;

/** Deletes the completed ones of these orders. */
export function purgeStatement(orderIds: readonly string[]): Statement {
  return {
    name: 'purge-completed',
    text: 'DELETE FROM retrying_orders WHERE completed AND order_id = ANY($1::text[])',
    values: [orderIds],
  };
}

/** The changes of a batch to retrying orders: at most one statement of each kind. */
export function retryStatements(topic: string, retryChanges: RetryChanges): Statement[] {
  const { added, appended, rescheduled, completed, purged } = retryChanges;
  const events = numberedEvents(retryChanges);
  const statements: Statement[] = [];
  if (purged.length > 0) statements.push(purgeStatement(purged));
  if (added.length > 0) {
    const rows = added.map((order) => ({ ...order, topic }));
    statements.push(changing(added, 'add-retrying', ADD, columnValues(RETRYING_ORDER_VALUES, rows)));
  }
  if (appended.length > 0) {
    const values = [...asLoaded(appended.map(({ loaded }) => loaded)), appended.map(({ events }) => events)];
    statements.push(changing(appended, 'append-retrying', APPEND, values));
  }
  if (events.length > 0) {
    statements.push({
      name: 'add-retrying-events',
      text: ADD_EVENTS,
      values: columnValues(EVENT_VALUES, events),
    });
  }
  if (rescheduled.length > 0) {
    const values = [
      ...asLoaded(rescheduled.map(({ loaded }) => loaded)),
      rescheduled.map(({ next }) => next.attempts),
      rescheduled.map(({ next }) => next.error),
      rescheduled.map(({ next }) => next.firstFailedAt),
      rescheduled.map(({ next }) => next.failedAt),
      rescheduled.map(({ next }) => next.dueAt),
      rescheduled.map(({ next }) => next.lateMs),
      rescheduled.map(({ next }) => next.unanswered),
      rescheduled.map(({ next }) => detailText(next.detail)),
    ];
    statements.push(changing(rescheduled, 'reschedule-retrying', RESCHEDULE, values));
  }
  if (completed.length > 0) {
    statements.push(changing(completed, 'complete-retrying', COMPLETE, asLoaded(completed)), {
      name: 'delete-retrying-events',
      text: 'DELETE FROM retrying_events WHERE order_id = ANY($1::text[])',
      values: [completed.map(({ orderId }) => orderId)],
    });
  }
  return statements;
}

function changing(rows: readonly unknown[], name: string, text: string, values: unknown[]): Statement {
  return expecting(rows.length, 'another writer has changed a retrying order', { name, text, values });
}

function asLoaded(orders: readonly RetryingOrder[]): unknown[] {
  return [
    orders.map(({ orderId }) => orderId),
    orders.map(({ attempts }) => attempts),
    orders.map(({ events }) => events),
    orders.map(({ dueAt }) => dueAt),
  ];
}
