// Original file: proto/orders/v1/orders.proto

import type { Order as _orders_v1_Order, Order__Output as _orders_v1_Order__Output } from '../../orders/v1/Order.ts';
import type { OrderChange as _orders_v1_OrderChange, OrderChange__Output as _orders_v1_OrderChange__Output } from '../../orders/v1/OrderChange.ts';
import type { Heartbeat as _orders_v1_Heartbeat, Heartbeat__Output as _orders_v1_Heartbeat__Output } from '../../orders/v1/Heartbeat.ts';

export interface OrderEvent {
  'snapshot'?: (_orders_v1_Order | null);
  'change'?: (_orders_v1_OrderChange | null);
  'heartbeat'?: (_orders_v1_Heartbeat | null);
  'resumeToken'?: (Buffer | Uint8Array | string);
  'event'?: "snapshot"|"change"|"heartbeat";
}

export interface OrderEvent__Output {
  'snapshot'?: (_orders_v1_Order__Output | null);
  'change'?: (_orders_v1_OrderChange__Output | null);
  'heartbeat'?: (_orders_v1_Heartbeat__Output | null);
  'resumeToken': (Buffer);
  'event'?: "snapshot"|"change"|"heartbeat";
}
