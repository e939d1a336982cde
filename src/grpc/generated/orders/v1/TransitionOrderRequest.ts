// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface TransitionOrderRequest {
  'orderId'?: (string);
  'to'?: (_orders_v1_OrderStatus);
  'reason'?: (string);
  'expectedVersion'?: (number | string | Long);
  'logPosition'?: (string);
  '_reason'?: "reason";
  '_expectedVersion'?: "expectedVersion";
}

export interface TransitionOrderRequest__Output {
  'orderId': (string);
  'to': (_orders_v1_OrderStatus__Output);
  'reason'?: (string);
  'expectedVersion'?: (number);
  'logPosition': (string);
  '_reason'?: "reason";
  '_expectedVersion'?: "expectedVersion";
}
