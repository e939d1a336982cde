import { headersText } from '../../base/record-headers.ts';
import type { QueuedEvent, RetryingOrder, RetryChanges } from '../retries.ts';
import { column, expecting, type Statement } from './statement.ts';

/**
 * An order that was completed and not yet forgotten may fail anew: its row begins again, under the topic and partition of the
 * record that failed, since the former ones may have no worker any more.
 */
const BEGIN = `
  INSERT INTO retrying_orders (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                             late_ms)
  SELECT order_id, $1::text, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms
  FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
              $10::bigint[])
    AS added (order_id, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms)
  ON CONFLICT (order_id) DO UPDATE SET topic = excluded.topic, partition = excluded.partition,
    attempts = excluded.attempts, events = excluded.events, error = excluded.error,
    first_failed_at = excluded.first_failed_at, failed_at = excluded.failed_at, due_at = excluded.due_at,
    late_ms = excluded.late_ms, completed = false
  WHERE retrying_orders.completed`;

/** The rows must stand as they were loaded: another owner of the partition may have tried the orders since. */
const AS_LOADED = `
  WHERE retrying.order_id = loaded.order_id AND retrying.attempts = loaded.attempts AND retrying.events = loaded.events
    AND NOT retrying.completed`;

const JOIN = `
  UPDATE retrying_orders AS retrying SET events = retrying.events + loaded.more
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS loaded (order_id, attempts, events, more)
  ${AS_LOADED}`;

const POSTPONE = `
  UPDATE retrying_orders AS retrying SET attempts = loaded.next_attempts, error = loaded.error,
    failed_at = loaded.failed_at, due_at = loaded.due_at, late_ms = loaded.late_ms
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
    AS loaded (order_id, attempts, events, next_attempts, error, failed_at, due_at, late_ms)
  ${AS_LOADED}`;

const SETTLE = `
  UPDATE retrying_orders AS retrying SET completed = true, events = 0, due_at = 0
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS loaded (order_id, attempts, events)
  ${AS_LOADED}`;

const ADD_EVENTS = `
  INSERT INTO retrying_events (order_id, "offset", partition, key, value, headers, log_timestamp)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[])`;

const NO_LONGER = 'an order no longer waits as it was loaded';

/** Those of them that are completed. */
export function forgetStatement(orderIds: readonly string[]): Statement {
  return {
    name: 'forget-retried',
    text: 'DELETE FROM retrying_orders WHERE completed AND order_id = ANY($1::text[])',
    values: [orderIds],
  };
}

/** What a batch does to retrying orders; each statement once, and only what there is to do. */
export function retryStatements(topic: string, retryChanges: RetryChanges): Statement[] {
  const { added, appended, events, rescheduled, completed, purged } = retryChanges;
  const statements: Statement[] = [];
  if (purged.length > 0) statements.push(forgetStatement(purged));
  if (added.length > 0) statements.push(begin(topic, added));
  if (appended.length > 0) statements.push(join(appended));
  if (events.length > 0) statements.push(addEvents(events));
  if (rescheduled.length > 0) statements.push(postpone(rescheduled));
  if (completed.length > 0) statements.push(...settle(completed));
  return statements;
}

function begin(topic: string, added: readonly RetryingOrder[]): Statement {
  return expecting(added.length, NO_LONGER, {
    name: 'begin-retryChanges',
    text: BEGIN,
    values: [
      topic,
      column(added, ({ orderId }) => orderId),
      column(added, ({ partition }) => partition),
      column(added, ({ attempts }) => attempts),
      column(added, ({ events }) => events),
      column(added, ({ error }) => error),
      column(added, ({ firstFailedAt }) => firstFailedAt),
      column(added, ({ failedAt }) => failedAt),
      column(added, ({ dueAt }) => dueAt),
      column(added, ({ lateMs }) => lateMs),
    ],
  });
}

function join(appended: RetryChanges['appended']): Statement {
  const loaded = appended.map((entry) => entry.loaded);
  return expecting(appended.length, NO_LONGER, {
    name: 'join-retrying',
    text: JOIN,
    values: [...asLoaded(loaded), column(appended, ({ events }) => events)],
  });
}

function addEvents(events: readonly QueuedEvent[]): Statement {
  return {
    name: 'add-retrying-events',
    text: ADD_EVENTS,
    values: [
      column(events, ({ orderId }) => orderId),
      column(events, ({ record }) => record.offset),
      column(events, ({ record }) => record.partition),
      column(events, ({ record }) => record.key),
      column(events, ({ record }) => record.value),
      column(events, ({ record }) => headersText(record.headers)),
      column(events, ({ record }) => record.timestamp),
    ],
  };
}

function postpone(rescheduled: RetryChanges['rescheduled']): Statement {
  const next = rescheduled.map((entry) => entry.next);
  return expecting(rescheduled.length, NO_LONGER, {
    name: 'postpone-retrying',
    text: POSTPONE,
    values: [
      ...asLoaded(rescheduled.map(({ loaded }) => loaded)),
      column(next, ({ attempts }) => attempts),
      column(next, ({ error }) => error),
      column(next, ({ failedAt }) => failedAt),
      column(next, ({ dueAt }) => dueAt),
      column(next, ({ lateMs }) => lateMs),
    ],
  });
}

function settle(completed: readonly RetryingOrder[]): Statement[] {
  return [
    expecting(completed.length, NO_LONGER, {
      name: 'settle-retrying',
      text: SETTLE,
      values: asLoaded(completed),
    }),
    {
      name: 'drop-retrying-events',
      text: 'DELETE FROM retrying_events WHERE order_id = ANY($1::text[])',
      values: [column(completed, ({ orderId }) => orderId)],
    },
  ];
}

function asLoaded(orders: readonly RetryingOrder[]): unknown[] {
  return [
    column(orders, ({ orderId }) => orderId),
    column(orders, ({ attempts }) => attempts),
    column(orders, ({ events }) => events),
  ];
}
