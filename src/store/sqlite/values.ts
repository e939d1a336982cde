import type { StatusChange } from '../../order/commands.ts';
import type { MovedOrder, PlacedOrder } from '../../order/decide.ts';

/** What SQLite takes; numbers are integers within 2^53. */
export type Value = string | number | bigint | Buffer | null;

/** With a FROM of its own for what is asked. */
export const CHANGE_COLUMNS =
  'h.seq, h.order_id, o.customer_id, o.merchant_id, h.status, h.version, h.at, h.reason, h.partition, h."offset"';

export const CHANGES_OF_ORDER = `
  SELECT ${CHANGE_COLUMNS} FROM order_history h JOIN orders o ON o.id = h.order_id
  WHERE h.order_id = ? ORDER BY h.version`;

/** An order was created when its caller was heard. */
export function orderValues({ command, state, updatedAt }: PlacedOrder): Value[] {
  const { customerId, merchantId, currency, total, items, metadata } = command.order;
  return [
    state.id,
    customerId,
    merchantId,
    currency,
    total,
    state.status,
    state.version,
    JSON.stringify(items),
    metadata === undefined ? null : JSON.stringify(metadata),
    command.fingerprint ?? null,
    command.eventId,
    command.time,
    updatedAt,
  ];
}

export function moveValues({ state, updatedAt }: MovedOrder, loadedVersion: number): Value[] {
  return [state.status, state.version, updatedAt, state.id, loadedVersion];
}

export function changeValues({ orderId, version, status, at, reason, cause }: StatusChange): Value[] {
  return [orderId, version, status, at, reason, cause.partition, cause.offset];
}
