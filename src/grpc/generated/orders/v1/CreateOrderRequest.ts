// Original file: proto/orders/v1/orders.proto

import type { OrderItem as _orders_v1_OrderItem, OrderItem__Output as _orders_v1_OrderItem__Output } from '../../orders/v1/OrderItem.ts';

export interface CreateOrderRequest {
  'customerId'?: (string);
  'merchantId'?: (string);
  'currency'?: (string);
  'items'?: (_orders_v1_OrderItem)[];
  'metadata'?: ({[key: string]: string});
  'idempotencyKey'?: (string);
}

export interface CreateOrderRequest__Output {
  'customerId': (string);
  'merchantId': (string);
  'currency': (string);
  'items': (_orders_v1_OrderItem__Output)[];
  'metadata': ({[key: string]: string});
  'idempotencyKey': (string);
}
