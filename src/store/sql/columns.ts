import type { ErrorDetail } from '../../base/error-detail.ts';
import { headersText } from '../../base/record-headers.ts';
import type { StatusChange } from '../../order/commands.ts';
import type { Decision, OrderState, PlacedOrder } from '../../order/decide.ts';
import { itemsText, metadataText } from '../../order/recorded-order.ts';
import type { DeadLetter } from '../dead-letter.ts';
import type { QueuedEvent, RetryChanges, RetryingOrder } from '../retries.ts';

/** Values that both databases accept. Numbers are safe integers. */
export type SqlValue = string | number | bigint | Buffer | null;

/** PostgreSQL type names. */
export type ColumnType = 'text' | 'bigint' | 'boolean' | 'bytea';

export interface Column {
  name: string;
  type: ColumnType;
}

/** A column and how to compute its value for a row. */
export interface WrittenColumn<Row> extends Column {
  value: (row: Row) => SqlValue;
}

export const ORDER_VALUES: readonly WrittenColumn<PlacedOrder>[] = [
  text('id', ({ state }) => state.id),
  text('customer_id', ({ command }) => command.order.customerId),
  text('merchant_id', ({ command }) => command.order.merchantId),
  text('currency', ({ command }) => command.order.currency),
  bigint('total', ({ command }) => command.order.total),
  text('status', ({ state }) => state.status),
  bigint('version', ({ state }) => state.version),
  text('items', ({ command }) => itemsText(command.order)),
  text('metadata', ({ command }) => metadataText(command.order)),
  text('fingerprint', ({ command }) => command.fingerprint ?? null),
  text('placed_by', ({ command }) => command.eventId),
  bigint('created_at', ({ command }) => command.time),
  bigint('updated_at', ({ updatedAt }) => updatedAt),
];

export const CHANGE_VALUES: readonly WrittenColumn<StatusChange>[] = [
  text('order_id', ({ orderId }) => orderId),
  bigint('version', ({ version }) => version),
  text('status', ({ status }) => status),
  bigint('at', ({ at }) => at),
  text('reason', ({ reason }) => reason),
  bigint('partition', ({ cause }) => cause.partition),
  bigint('offset', ({ cause }) => cause.offset),
  bigint('attempts', ({ details }) => details?.attempts ?? null),
  text('operator_reason', ({ details }) => details?.operatorReason ?? null),
  text('error_detail', ({ details }) => detailText(details?.error)),
];

export const RETRYING_ORDER_VALUES: readonly WrittenColumn<RetryingOrder & { topic: string }>[] = [
  text('order_id', ({ orderId }) => orderId),
  text('topic', ({ topic }) => topic),
  bigint('partition', ({ partition }) => partition),
  bigint('attempts', ({ attempts }) => attempts),
  bigint('events', ({ events }) => events),
  text('error', ({ error }) => error),
  bigint('first_failed_at', ({ firstFailedAt }) => firstFailedAt),
  bigint('failed_at', ({ failedAt }) => failedAt),
  bigint('due_at', ({ dueAt }) => dueAt),
  bigint('late_ms', ({ lateMs }) => lateMs),
  boolean('unanswered', ({ unanswered }) => unanswered),
  text('error_detail', ({ detail }) => detailText(detail)),
  text('customer_id', ({ customerId }) => customerId ?? null),
  text('merchant_id', ({ merchantId }) => merchantId ?? null),
];

/**
 * A completed order that is not purged yet may fail again. Its row then starts over with the topic and partition of the newly
 * failed record, because the old partition may have no worker any more.
 */
export const RESTART_COMPLETED = `ON CONFLICT (order_id) DO UPDATE SET ${RETRYING_ORDER_VALUES.slice(1)
  .map(({ name }) => `${name} = excluded.${name}`)
  .join(', ')}, completed = false WHERE retrying_orders.completed`;

/** A queued event and how many events of its order are queued before it. */
interface NumberedEvent extends QueuedEvent {
  ordinal: number;
}

/**
 * Numbers the events of a batch in the order in which they were queued. Offsets do not have that order: the events of an order
 * may come from several partitions if the topic has grown.
 */
export function numberedEvents({ appended, events }: RetryChanges): NumberedEvent[] {
  const next = new Map(appended.map(({ loaded }) => [loaded.orderId, loaded.events]));
  return events.map((event) => {
    const ordinal = next.get(event.orderId) ?? 0;
    next.set(event.orderId, ordinal + 1);
    return { ...event, ordinal };
  });
}

export const EVENT_VALUES: readonly WrittenColumn<NumberedEvent>[] = [
  text('order_id', ({ orderId }) => orderId),
  bigint('ordinal', ({ ordinal }) => ordinal),
  bigint('offset', ({ record }) => record.offset),
  bigint('partition', ({ record }) => record.partition),
  bytea('key', ({ record }) => record.key),
  bytea('value', ({ record }) => record.value),
  text('headers', ({ record }) => headersText(record.headers)),
  bigint('log_timestamp', ({ record }) => record.timestamp),
];

export const DEAD_LETTER_VALUES: readonly WrittenColumn<DeadLetter & { topic: string }>[] = [
  text('topic', ({ topic }) => topic),
  bigint('partition', ({ record }) => record.partition),
  bigint('offset', ({ record }) => record.offset),
  bytea('key', ({ record }) => record.key),
  bytea('value', ({ record }) => record.value),
  bigint('log_timestamp', ({ record }) => record.timestamp),
  text('order_id', ({ orderId }) => orderId),
  text('reason', ({ reason }) => reason),
  text('error', ({ error }) => error),
  bigint('attempts', ({ attempts }) => attempts),
  bigint('first_failed_at', ({ firstFailedAt }) => firstFailedAt),
  bigint('failed_at', ({ failedAt }) => failedAt),
  bigint('replay_count', ({ replayCount }) => replayCount),
  text('state', ({ state }) => state),
  text('error_detail', ({ detail }) => detailText(detail)),
];

export function detailText(detail: ErrorDetail | null | undefined): string | null {
  return detail == null ? null : JSON.stringify(detail);
}

/** Quoted, because `offset` and `key` are SQL keywords. */
export function columnList(columns: readonly Pick<Column, 'name'>[]): string {
  return columns.map(({ name }) => `"${name}"`).join(', ');
}

export function valuesOf<Row>(columns: readonly WrittenColumn<Row>[], row: Row): SqlValue[] {
  return columns.map(({ value }) => value(row));
}

/** Returns a function that gives the loaded version of an order: one less than its first change in the batch. */
export function loadedVersions({ changes }: Pick<Decision, 'changes'>): (state: OrderState) => number {
  let first: Map<string, number> | undefined;
  return ({ id, version }) => {
    first ??= new Map(changes.toReversed().map((change) => [change.orderId, change.version]));
    return (first.get(id) ?? version) - 1;
  };
}

function text<Row>(name: string, value: (row: Row) => SqlValue): WrittenColumn<Row> {
  return { name, type: 'text', value };
}

function bigint<Row>(name: string, value: (row: Row) => SqlValue): WrittenColumn<Row> {
  return { name, type: 'bigint', value };
}

function boolean<Row>(name: string, value: (row: Row) => boolean): WrittenColumn<Row> {
  return { name, type: 'boolean', value: (row) => Number(value(row)) };
}

function bytea<Row>(name: string, value: (row: Row) => SqlValue): WrittenColumn<Row> {
  return { name, type: 'bytea', value };
}
