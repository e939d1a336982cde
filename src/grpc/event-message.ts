import type { StatusChange } from '../order/commands.ts';
import { encodeOnce, type EventEncoder } from '../services/watch-pump.ts';
import type { WatchItem } from '../services/watch-service.ts';
import type { OrderChange } from './generated/orders/v1/OrderChange.ts';
import type { OrderEvent } from './generated/orders/v1/OrderEvent.ts';
import { orderMessage } from './order-message.ts';
import { statusName } from './order-status.ts';
import { toTimestamp } from './timestamp.ts';

export function createEventEncoder(encode: (event: OrderEvent) => Buffer): EventEncoder<Buffer> {
  return {
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
  const message: OrderChange = {
    orderId,
    customerId,
    merchantId,
    status: statusName(status),
    version,
    changedAt: toTimestamp(at),
  };
  if (reason !== null) message.reason = reason;
  return message;
}
