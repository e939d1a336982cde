import type { StatusChange } from '../order/commands.ts';
import type { OrderState } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { NewOrder, Order } from '../order/order.ts';
import type { SequencedChange, StoredOrder } from './order-store.ts';

export interface OrderRow {
  seq: number;
  id: string;
  customer_id: string;
  merchant_id: string;
  currency: string;
  total: number;
  status: OrderStatus;
  version: number;
  items: string;
  metadata: string | null;
  created_at: number;
  updated_at: number;
}

export interface StoredOrderRow extends OrderRow {
  fingerprint: string | null;
  placed_by: string;
}

export type StateRow = Pick<OrderRow, 'id' | 'customer_id' | 'merchant_id' | 'status' | 'version'>;

export interface ChangeRow extends Pick<
  OrderRow,
  'seq' | 'customer_id' | 'merchant_id' | 'status' | 'version'
> {
  order_id: string;
  at: number;
  reason: string | null;
  partition: number;
  offset: number;
}

export const ORDER_COLUMNS =
  'seq, id, customer_id, merchant_id, currency, total, status, version, items, metadata, created_at, updated_at';

export function toOrder(row: OrderRow): Order {
  const order: Order = {
    id: row.id,
    status: row.status,
    version: row.version,
    customerId: row.customer_id,
    merchantId: row.merchant_id,
    currency: row.currency,
    items: JSON.parse(row.items) as NewOrder['items'],
    total: row.total,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  if (row.metadata !== null) order.metadata = JSON.parse(row.metadata) as NonNullable<NewOrder['metadata']>;
  return order;
}

export function toStoredOrder(row: StoredOrderRow): StoredOrder {
  return { ...toOrder(row), fingerprint: row.fingerprint, placedBy: row.placed_by };
}

export function toState(row: StateRow): OrderState {
  const { id, status, version } = row;
  return { id, customerId: row.customer_id, merchantId: row.merchant_id, status, version };
}

export function toChange(row: ChangeRow): SequencedChange {
  const change: StatusChange = {
    orderId: row.order_id,
    customerId: row.customer_id,
    merchantId: row.merchant_id,
    status: row.status,
    version: row.version,
    at: row.at,
    reason: row.reason,
    cause: { partition: row.partition, offset: row.offset },
  };
  return { sequence: row.seq, change };
}
