import { headersText } from '../../base/record-headers.ts';
import type { ParkedEvent, ParkedOrder, Parking } from '../parking.ts';
import { column, expecting, type Statement } from './statement.ts';

/**
 * An order that was settled and not yet forgotten may fail anew: its row begins again, under the topic and partition of the
 * record that failed, since the former ones may have no worker any more.
 */
const BEGIN = `
  INSERT INTO parked_orders (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                             late_ms)
  SELECT order_id, $1::text, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms
  FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
              $10::bigint[])
    AS begun (order_id, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms)
  ON CONFLICT (order_id) DO UPDATE SET topic = excluded.topic, partition = excluded.partition,
    attempts = excluded.attempts, events = excluded.events, error = excluded.error,
    first_failed_at = excluded.first_failed_at, failed_at = excluded.failed_at, due_at = excluded.due_at,
    late_ms = excluded.late_ms, settled = false
  WHERE parked_orders.settled`;

/** The rows must stand as they were loaded: another owner of the partition may have tried the orders since. */
const AS_LOADED = `
  WHERE parked.order_id = loaded.order_id AND parked.attempts = loaded.attempts AND parked.events = loaded.events
    AND NOT parked.settled`;

const JOIN = `
  UPDATE parked_orders AS parked SET events = parked.events + loaded.more
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS loaded (order_id, attempts, events, more)
  ${AS_LOADED}`;

const POSTPONE = `
  UPDATE parked_orders AS parked SET attempts = loaded.next_attempts, error = loaded.error,
    failed_at = loaded.failed_at, due_at = loaded.due_at, late_ms = loaded.late_ms
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
    AS loaded (order_id, attempts, events, next_attempts, error, failed_at, due_at, late_ms)
  ${AS_LOADED}`;

const SETTLE = `
  UPDATE parked_orders AS parked SET settled = true, events = 0, due_at = 0
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS loaded (order_id, attempts, events)
  ${AS_LOADED}`;

const ADD_EVENTS = `
  INSERT INTO parked_events (order_id, "offset", partition, key, value, headers, log_timestamp)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[])`;

const NO_LONGER = 'an order no longer waits as it was loaded';

/** Those of them that are settled. */
export function forgetStatement(orderIds: readonly string[]): Statement {
  return {
    name: 'forget-retried',
    text: 'DELETE FROM parked_orders WHERE settled AND order_id = ANY($1::text[])',
    values: [orderIds],
  };
}

/** What a batch does to parked orders; each statement once, and only what there is to do. */
export function parkingStatements(topic: string, parking: Parking): Statement[] {
  const { begun, joined, events, postponed, settled, published } = parking;
  const statements: Statement[] = [];
  if (published.length > 0) statements.push(forgetStatement(published));
  if (begun.length > 0) statements.push(begin(topic, begun));
  if (joined.length > 0) statements.push(join(joined));
  if (events.length > 0) statements.push(addEvents(events));
  if (postponed.length > 0) statements.push(postpone(postponed));
  if (settled.length > 0) statements.push(...settle(settled));
  return statements;
}

function begin(topic: string, begun: readonly ParkedOrder[]): Statement {
  return expecting(begun.length, NO_LONGER, {
    name: 'begin-parking',
    text: BEGIN,
    values: [
      topic,
      column(begun, ({ orderId }) => orderId),
      column(begun, ({ partition }) => partition),
      column(begun, ({ attempts }) => attempts),
      column(begun, ({ events }) => events),
      column(begun, ({ error }) => error),
      column(begun, ({ firstFailedAt }) => firstFailedAt),
      column(begun, ({ failedAt }) => failedAt),
      column(begun, ({ dueAt }) => dueAt),
      column(begun, ({ lateMs }) => lateMs),
    ],
  });
}

function join(joined: Parking['joined']): Statement {
  const loaded = joined.map((entry) => entry.loaded);
  return expecting(joined.length, NO_LONGER, {
    name: 'join-parked',
    text: JOIN,
    values: [...asLoaded(loaded), column(joined, ({ events }) => events)],
  });
}

function addEvents(events: readonly ParkedEvent[]): Statement {
  return {
    name: 'add-parked-events',
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

function postpone(postponed: Parking['postponed']): Statement {
  const next = postponed.map((entry) => entry.next);
  return expecting(postponed.length, NO_LONGER, {
    name: 'postpone-parked',
    text: POSTPONE,
    values: [
      ...asLoaded(postponed.map(({ loaded }) => loaded)),
      column(next, ({ attempts }) => attempts),
      column(next, ({ error }) => error),
      column(next, ({ failedAt }) => failedAt),
      column(next, ({ dueAt }) => dueAt),
      column(next, ({ lateMs }) => lateMs),
    ],
  });
}

function settle(settled: readonly ParkedOrder[]): Statement[] {
  return [
    expecting(settled.length, NO_LONGER, {
      name: 'settle-parked',
      text: SETTLE,
      values: asLoaded(settled),
    }),
    {
      name: 'drop-parked-events',
      text: 'DELETE FROM parked_events WHERE order_id = ANY($1::text[])',
      values: [column(settled, ({ orderId }) => orderId)],
    },
  ];
}

function asLoaded(orders: readonly ParkedOrder[]): unknown[] {
  return [
    column(orders, ({ orderId }) => orderId),
    column(orders, ({ attempts }) => attempts),
    column(orders, ({ events }) => events),
  ];
}
