// Original file: proto/orders/v1/orders.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { OrderEvent as _orders_v1_OrderEvent, OrderEvent__Output as _orders_v1_OrderEvent__Output } from '../../orders/v1/OrderEvent.ts';
import type { WatchOrderRequest as _orders_v1_WatchOrderRequest, WatchOrderRequest__Output as _orders_v1_WatchOrderRequest__Output } from '../../orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest as _orders_v1_WatchOrdersRequest, WatchOrdersRequest__Output as _orders_v1_WatchOrdersRequest__Output } from '../../orders/v1/WatchOrdersRequest.ts';

export interface OrderWatchClient extends grpc.Client {
  WatchOrder(argument: _orders_v1_WatchOrderRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  WatchOrder(argument: _orders_v1_WatchOrderRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  watchOrder(argument: _orders_v1_WatchOrderRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  watchOrder(argument: _orders_v1_WatchOrderRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  
  WatchOrders(argument: _orders_v1_WatchOrdersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  WatchOrders(argument: _orders_v1_WatchOrdersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  watchOrders(argument: _orders_v1_WatchOrdersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  watchOrders(argument: _orders_v1_WatchOrdersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orders_v1_OrderEvent__Output>;
  
}

export interface OrderWatchHandlers extends grpc.UntypedServiceImplementation {
  WatchOrder: grpc.handleServerStreamingCall<_orders_v1_WatchOrderRequest__Output, _orders_v1_OrderEvent>;
  
  WatchOrders: grpc.handleServerStreamingCall<_orders_v1_WatchOrdersRequest__Output, _orders_v1_OrderEvent>;
  
}

export interface OrderWatchDefinition extends grpc.ServiceDefinition {
  WatchOrder: MethodDefinition<_orders_v1_WatchOrderRequest, _orders_v1_OrderEvent, _orders_v1_WatchOrderRequest__Output, _orders_v1_OrderEvent__Output>
  WatchOrders: MethodDefinition<_orders_v1_WatchOrdersRequest, _orders_v1_OrderEvent, _orders_v1_WatchOrdersRequest__Output, _orders_v1_OrderEvent__Output>
}
