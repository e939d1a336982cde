// Original file: proto/orders/v1/orders.proto


export interface WatchOrderRequest {
  'orderId'?: (string);
  'resumeToken'?: (Buffer | Uint8Array | string);
  'logPosition'?: (string);
}

export interface WatchOrderRequest__Output {
  'orderId': (string);
  'resumeToken': (Buffer);
  'logPosition': (string);
}
