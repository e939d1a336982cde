// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface TransitionOrderResponse {
  'id'?: (string);
  'status'?: (_orders_v1_OrderStatus);
  'version'?: (number | string | Long);
  'requested'?: (_orders_v1_OrderStatus);
  'logPosition'?: (string);
}

export interface TransitionOrderResponse__Output {
  'id': (string);
  'status': (_orders_v1_OrderStatus__Output);
  'version': (number);
  'requested': (_orders_v1_OrderStatus__Output);
  'logPosition': (string);
}
