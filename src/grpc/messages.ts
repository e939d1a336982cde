import type { StatusChange } from '../order/commands.ts';
import type { Order } from '../order/order.ts';
import type { AcceptedOrder } from '../services/find-order.ts';
import { encodeOnce, type EventEncoder } from '../services/event-encoder.ts';
import type { WatchItem } from '../services/watch.ts';
import { statusName, toTimestamp } from './conversions.ts';
import type { Order as OrderMessage } from './generated/orders/v1/Order.ts';
import type { OrderChange } from './generated/orders/v1/OrderChange.ts';
import type { OrderEvent } from './generated/orders/v1/OrderEvent.ts';

/** Only the fields of the contract: the store knows more. */
export function orderMessage(order: Order | AcceptedOrder): OrderMessage {
  const { id, version } = order;
  const status = statusName(order.status);
  const why = order.reason === undefined ? {} : { reason: order.reason };
  if (!('updatedAt' in order)) return { id, status, version, ...why };
  const { customerId, merchantId, currency, items, metadata = {}, total } = order;
  return {
    ...{ id, status, version, customerId, merchantId, currency, items, metadata, total },
    createdAt: toTimestamp(order.createdAt),
    updatedAt: toTimestamp(order.updatedAt),
    ...why,
  };
}

export function createEventEncoder(encode: (event: OrderEvent) => Buffer): EventEncoder<Buffer> {
  return {
    protocol: 'grpc',
    item: encodeOnce((item) => encode({ ...bodyOf(item), resumeToken: Buffer.from(item.token) })),
    heartbeat: (token) => encode({ heartbeat: {}, resumeToken: Buffer.from(token) }),
  };
}

function bodyOf(item: WatchItem): OrderEvent {
  return item.kind === 'change'
    ? { change: changeMessage(item.change) }
    : { snapshot: orderMessage(item.order) };
}

function changeMessage({ reason, at, status, ...change }: StatusChange): OrderChange {
  const { orderId, customerId, merchantId, version } = change;
  const parties = { orderId, customerId, merchantId };
  const message: OrderChange = {
    ...parties,
    status: statusName(status),
    version,
    changedAt: toTimestamp(at),
  };
  if (reason !== null) message.reason = reason;
  return message;
}
