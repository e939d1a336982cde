import type { AcceptedOrder } from '../services/find-order.ts';
import type { Order } from '../order/order.ts';
import type { Order as OrderMessage } from './generated/orders/v1/Order.ts';
import { statusName } from './order-status.ts';
import { toTimestamp } from './timestamp.ts';

/** Only the fields of the contract: the store knows more. */
export function orderMessage(order: Order | AcceptedOrder): OrderMessage {
  const { id, version } = order;
  const status = statusName(order.status);
  if (!('updatedAt' in order)) return { id, status, version };
  const { customerId, merchantId, currency, items, metadata = {}, total } = order;
  return {
    id,
    status,
    version,
    customerId,
    merchantId,
    currency,
    items,
    metadata,
    total,
    createdAt: toTimestamp(order.createdAt),
    updatedAt: toTimestamp(order.updatedAt),
  };
}
