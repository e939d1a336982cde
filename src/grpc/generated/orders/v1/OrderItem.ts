// Original file: proto/orders/v1/orders.proto

import type { Long } from '@grpc/proto-loader';

export interface OrderItem {
  'sku'?: (string);
  'name'?: (string);
  'quantity'?: (number);
  'unitPrice'?: (number | string | Long);
  '_name'?: "name";
}

export interface OrderItem__Output {
  'sku': (string);
  'name'?: (string);
  'quantity': (number);
  'unitPrice': (number);
  '_name'?: "name";
}
