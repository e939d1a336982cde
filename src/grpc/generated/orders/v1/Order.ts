// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { OrderItem as _orders_v1_OrderItem, OrderItem__Output as _orders_v1_OrderItem__Output } from '../../orders/v1/OrderItem.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface Order {
  'id'?: (string);
  'status'?: (_orders_v1_OrderStatus);
  'version'?: (number | string | Long);
  'customerId'?: (string);
  'merchantId'?: (string);
  'currency'?: (string);
  'items'?: (_orders_v1_OrderItem)[];
  'metadata'?: ({[key: string]: string});
  'total'?: (number | string | Long);
  'createdAt'?: (_google_protobuf_Timestamp | null);
  'updatedAt'?: (_google_protobuf_Timestamp | null);
  'reason'?: (string);
  '_reason'?: "reason";
}

export interface Order__Output {
  'id': (string);
  'status': (_orders_v1_OrderStatus__Output);
  'version': (number);
  'customerId': (string);
  'merchantId': (string);
  'currency': (string);
  'items': (_orders_v1_OrderItem__Output)[];
  'metadata': ({[key: string]: string});
  'total': (number);
  'createdAt': (_google_protobuf_Timestamp__Output | null);
  'updatedAt': (_google_protobuf_Timestamp__Output | null);
  'reason'?: (string);
  '_reason'?: "reason";
}
