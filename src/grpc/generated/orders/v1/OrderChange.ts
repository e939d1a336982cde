// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface OrderChange {
  'orderId'?: (string);
  'customerId'?: (string);
  'merchantId'?: (string);
  'status'?: (_orders_v1_OrderStatus);
  'version'?: (number | string | Long);
  'changedAt'?: (_google_protobuf_Timestamp | null);
  'reason'?: (string);
  '_reason'?: "reason";
}

export interface OrderChange__Output {
  'orderId': (string);
  'customerId': (string);
  'merchantId': (string);
  'status': (_orders_v1_OrderStatus__Output);
  'version': (number);
  'changedAt': (_google_protobuf_Timestamp__Output | null);
  'reason'?: (string);
  '_reason'?: "reason";
}
