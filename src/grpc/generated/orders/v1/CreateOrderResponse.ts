// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface CreateOrderResponse {
  'id'?: (string);
  'status'?: (_orders_v1_OrderStatus);
  'total'?: (number | string | Long);
  'currency'?: (string);
  'createdAt'?: (_google_protobuf_Timestamp | null);
  'replayed'?: (boolean);
  'logPosition'?: (string);
}

export interface CreateOrderResponse__Output {
  'id': (string);
  'status': (_orders_v1_OrderStatus__Output);
  'total': (number);
  'currency': (string);
  'createdAt': (_google_protobuf_Timestamp__Output | null);
  'replayed': (boolean);
  'logPosition': (string);
}
