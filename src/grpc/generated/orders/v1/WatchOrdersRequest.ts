// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';

export interface WatchOrdersRequest {
  'customerId'?: (string);
  'merchantId'?: (string);
  'statuses'?: (_orders_v1_OrderStatus)[];
  'resumeToken'?: (Buffer | Uint8Array | string);
}

export interface WatchOrdersRequest__Output {
  'customerId': (string);
  'merchantId': (string);
  'statuses': (_orders_v1_OrderStatus__Output)[];
  'resumeToken': (Buffer);
}
