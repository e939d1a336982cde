// Original file: proto/orders/v1/orders.proto

import type { OrderStatus as _orders_v1_OrderStatus, OrderStatus__Output as _orders_v1_OrderStatus__Output } from '../../orders/v1/OrderStatus.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface ListOrdersRequest {
  'customerId'?: (string);
  'merchantId'?: (string);
  'status'?: (_orders_v1_OrderStatus);
  'createdAfter'?: (_google_protobuf_Timestamp | null);
  'createdBefore'?: (_google_protobuf_Timestamp | null);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListOrdersRequest__Output {
  'customerId': (string);
  'merchantId': (string);
  'status': (_orders_v1_OrderStatus__Output);
  'createdAfter': (_google_protobuf_Timestamp__Output | null);
  'createdBefore': (_google_protobuf_Timestamp__Output | null);
  'pageSize': (number);
  'pageToken': (string);
}
