import type { LogRecord } from '../../base/log-record.ts';
import { headersOfText } from '../../base/record-headers.ts';
import type { OrderAccess } from '../../order/access.ts';
import type { StatusChange } from '../../order/commands.ts';
import type { NewOrder, Order } from '../../order/order.ts';
import type { DeadLetterEntry } from '../dead-letter-store.ts';
import { UNRESOLVED_STATES, type FailedRecord } from '../dead-letter.ts';
import type { SequencedChange, StoredOrder } from '../order-store.ts';

/** Columns are aliased to the property names of the port, so most rows need no conversion. */
export const ORDER_COLUMNS = `seq, id, customer_id AS "customerId", merchant_id AS "merchantId", currency, total, status,
  version, items, metadata, created_at AS "createdAt", updated_at AS "updatedAt"`;

/**
 * SQL: why a failed or rejected order has its status. The latest history row is the one of its current version; `version` cannot be
 * compared, because inside the subquery it is a column of the history.
 */
function reasonColumn(text: string): string {
  return `CASE WHEN status IN ('failed', 'rejected') THEN (
    SELECT ${text} FROM order_history h WHERE h.order_id = id ORDER BY h.version DESC LIMIT 1) END AS reason`;
}

/** The columns of an order that its reader may see: callers that may use all orders get the processor's own words. */
export function orderColumnsFor({ kind }: Pick<OrderAccess, 'kind'>): string {
  return `${ORDER_COLUMNS}, ${reasonColumn(kind === 'all' ? 'coalesce(h.operator_reason, h.reason)' : 'h.reason')}`;
}

/** SQL: the `bytes` of an order, see `SizedRow`. */
export const ORDER_BYTES = 'octet_length(items) + coalesce(octet_length(metadata), 0)';

export const CURSOR_COLUMNS = 'created_at AS "createdAt", seq';

export interface OrderRow extends Omit<Order, 'items' | 'metadata' | 'reason'> {
  seq: number;
  items: string;
  metadata: string | null;
  reason: string | null;
}

export const MORE_STORED_COLUMNS = `fingerprint, placed_by AS "placedByEventId"`;

export type StoredOrderRow = OrderRow & Pick<StoredOrder, 'fingerprint' | 'placedByEventId'>;

export const STATE_COLUMNS = 'id, customer_id AS "customerId", merchant_id AS "merchantId", status, version';

/** Columns of `order_history h JOIN orders o`. The sequence of an unnumbered change is 0. */
export const CHANGE_COLUMNS = `coalesce(h.seq, 0) AS sequence, h.order_id AS "orderId", o.customer_id AS "customerId",
  o.merchant_id AS "merchantId", h.status, h.version, h.at, h.reason, h.partition, h."offset"`;

export interface ChangeRow extends Omit<StatusChange, 'cause' | 'details'> {
  sequence: number;
  partition: number;
  offset: number;
}

export const RETRYING_ORDER_COLUMNS = `order_id AS "orderId", partition, attempts, events, error,
  first_failed_at AS "firstFailedAt", failed_at AS "failedAt", due_at AS "dueAt", late_ms AS "lateMs",
  unanswered`;

/** A page of due retries ends with the order whose events reach this size. One order may have many events. */
export const MAX_DUE_BYTES = 4 * 1024 * 1024;

const RECORD_COLUMNS = 'partition, "offset", key, value, log_timestamp AS timestamp';

export const EVENT_COLUMNS = `${RECORD_COLUMNS}, headers`;

export interface EventRow extends Omit<LogRecord, 'headers'> {
  headers: string;
}

/** What the copy of a dead letter on `orders.dlq` contains. */
export const FAILED_COLUMNS = `${RECORD_COLUMNS}, order_id AS "orderId", reason, error, attempts,
  first_failed_at AS "firstFailedAt", failed_at AS "failedAt", replay_count AS "replayCount"`;

export type FailedRow = Omit<LogRecord, 'headers'> & Omit<FailedRecord, 'record'>;

/** A DeadLetterEntry whose topic is a progress name: see `toEntry`. */
export const ENTRY_COLUMNS = `id, order_id AS "orderId", reason, error, attempts, topic, partition, "offset",
  first_failed_at AS "firstFailedAt", failed_at AS "failedAt", replay_count AS "replayCount", state`;

/** SQL: the `bytes` of an entry, see `SizedRow`. */
export const ENTRY_BYTES = 'octet_length(error) + coalesce(octet_length(order_id), 0)';

export const PAYLOAD_COLUMNS = `${ENTRY_COLUMNS}, key, value`;

/** Condition: the dead letter has one of `UNRESOLVED_STATES`. */
export const UNRESOLVED = `state IN (${UNRESOLVED_STATES.map((state) => `'${state}'`).join(', ')})`;

export function toOrder(row: OrderRow): Order {
  const { id, status, version, customerId, merchantId, currency, total, createdAt, updatedAt } = row;
  const items = JSON.parse(row.items) as NewOrder['items'];
  const order: Order = {
    id,
    status,
    version,
    customerId,
    merchantId,
    currency,
    items,
    total,
    createdAt,
    updatedAt,
  };
  if (row.reason !== null) order.reason = row.reason;
  if (row.metadata !== null) order.metadata = JSON.parse(row.metadata) as NonNullable<NewOrder['metadata']>;
  return order;
}

export function toStoredOrder(row: StoredOrderRow): StoredOrder {
  return { ...toOrder(row), fingerprint: row.fingerprint, placedByEventId: row.placedByEventId };
}

export function toChange({ sequence, partition, offset, ...change }: ChangeRow): SequencedChange {
  return { sequence, change: { ...change, cause: { partition, offset } } };
}

export function toRecord({ headers: text, ...record }: EventRow): LogRecord {
  const headers = headersOfText(text);
  return headers === undefined ? record : { ...record, headers };
}

export function toFailedRecord(row: FailedRow): FailedRecord {
  const { partition, offset, key, value, timestamp, ...failure } = row;
  return { record: { partition, offset, key, value, timestamp }, ...failure };
}

/** Removes the kind of log from the stored topic: `kafka:orders.commands` becomes `orders.commands`. */
export function toEntry<Row extends DeadLetterEntry>(row: Row): Row {
  return { ...row, topic: row.topic.replace(/^[a-z]+:/, '') };
}
