// Original file: proto/orders/v1/orders.proto


export interface GetOrderRequest {
  'orderId'?: (string);
  'logPosition'?: (string);
}

export interface GetOrderRequest__Output {
  'orderId': (string);
  'logPosition': (string);
}
