import type { StatusChange } from '../order/commands.ts';
import type { WatchItem } from '../services/watch.ts';
import type { OrderChange } from './generated/orders/v1/OrderChange.ts';
import type { OrderEvent } from './generated/orders/v1/OrderEvent.ts';
import { orderMessage } from './order-message.ts';
import { statusName } from './order-status.ts';
import { toTimestamp } from './timestamp.ts';

export interface EventEncoder {
  ofItem: (item: WatchItem) => Buffer;
  heartbeat: (token: string) => Buffer;
}

/** All watchers of an item are sent the same bytes: they are made once. */
export function createEventEncoder(encode: (event: OrderEvent) => Buffer): EventEncoder {
  const encoded = new WeakMap<WatchItem, Buffer>();
  return {
    ofItem(item) {
      let bytes = encoded.get(item);
      if (bytes === undefined) {
        bytes = encode({ ...bodyOf(item), resumeToken: Buffer.from(item.token) });
        encoded.set(item, bytes);
      }
      return bytes;
    },
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
