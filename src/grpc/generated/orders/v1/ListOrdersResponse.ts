// Original file: proto/orders/v1/orders.proto

import type { Order as _orders_v1_Order, Order__Output as _orders_v1_Order__Output } from '../../orders/v1/Order.ts';

export interface ListOrdersResponse {
  'orders'?: (_orders_v1_Order)[];
  'nextPageToken'?: (string);
}

export interface ListOrdersResponse__Output {
  'orders': (_orders_v1_Order__Output)[];
  'nextPageToken': (string);
}
