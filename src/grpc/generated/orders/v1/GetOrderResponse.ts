// Original file: proto/orders/v1/orders.proto

import type { Order as _orders_v1_Order, Order__Output as _orders_v1_Order__Output } from '../../orders/v1/Order.ts';

export interface GetOrderResponse {
  'order'?: (_orders_v1_Order | null);
}

export interface GetOrderResponse__Output {
  'order': (_orders_v1_Order__Output | null);
}
