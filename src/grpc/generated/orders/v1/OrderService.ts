// Original file: proto/orders/v1/orders.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CreateOrderRequest as _orders_v1_CreateOrderRequest, CreateOrderRequest__Output as _orders_v1_CreateOrderRequest__Output } from '../../orders/v1/CreateOrderRequest.ts';
import type { CreateOrderResponse as _orders_v1_CreateOrderResponse, CreateOrderResponse__Output as _orders_v1_CreateOrderResponse__Output } from '../../orders/v1/CreateOrderResponse.ts';
import type { GetOrderRequest as _orders_v1_GetOrderRequest, GetOrderRequest__Output as _orders_v1_GetOrderRequest__Output } from '../../orders/v1/GetOrderRequest.ts';
import type { GetOrderResponse as _orders_v1_GetOrderResponse, GetOrderResponse__Output as _orders_v1_GetOrderResponse__Output } from '../../orders/v1/GetOrderResponse.ts';
import type { ListOrdersRequest as _orders_v1_ListOrdersRequest, ListOrdersRequest__Output as _orders_v1_ListOrdersRequest__Output } from '../../orders/v1/ListOrdersRequest.ts';
import type { ListOrdersResponse as _orders_v1_ListOrdersResponse, ListOrdersResponse__Output as _orders_v1_ListOrdersResponse__Output } from '../../orders/v1/ListOrdersResponse.ts';
import type { TransitionOrderRequest as _orders_v1_TransitionOrderRequest, TransitionOrderRequest__Output as _orders_v1_TransitionOrderRequest__Output } from '../../orders/v1/TransitionOrderRequest.ts';
import type { TransitionOrderResponse as _orders_v1_TransitionOrderResponse, TransitionOrderResponse__Output as _orders_v1_TransitionOrderResponse__Output } from '../../orders/v1/TransitionOrderResponse.ts';

export interface OrderServiceClient extends grpc.Client {
  CreateOrder(argument: _orders_v1_CreateOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  CreateOrder(argument: _orders_v1_CreateOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  CreateOrder(argument: _orders_v1_CreateOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  CreateOrder(argument: _orders_v1_CreateOrderRequest, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  createOrder(argument: _orders_v1_CreateOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  createOrder(argument: _orders_v1_CreateOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  createOrder(argument: _orders_v1_CreateOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  createOrder(argument: _orders_v1_CreateOrderRequest, callback: grpc.requestCallback<_orders_v1_CreateOrderResponse__Output>): grpc.ClientUnaryCall;
  
  GetOrder(argument: _orders_v1_GetOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  GetOrder(argument: _orders_v1_GetOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  GetOrder(argument: _orders_v1_GetOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  GetOrder(argument: _orders_v1_GetOrderRequest, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  getOrder(argument: _orders_v1_GetOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  getOrder(argument: _orders_v1_GetOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  getOrder(argument: _orders_v1_GetOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  getOrder(argument: _orders_v1_GetOrderRequest, callback: grpc.requestCallback<_orders_v1_GetOrderResponse__Output>): grpc.ClientUnaryCall;
  
  ListOrders(argument: _orders_v1_ListOrdersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  ListOrders(argument: _orders_v1_ListOrdersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  ListOrders(argument: _orders_v1_ListOrdersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  ListOrders(argument: _orders_v1_ListOrdersRequest, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  listOrders(argument: _orders_v1_ListOrdersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  listOrders(argument: _orders_v1_ListOrdersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  listOrders(argument: _orders_v1_ListOrdersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  listOrders(argument: _orders_v1_ListOrdersRequest, callback: grpc.requestCallback<_orders_v1_ListOrdersResponse__Output>): grpc.ClientUnaryCall;
  
  TransitionOrder(argument: _orders_v1_TransitionOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  TransitionOrder(argument: _orders_v1_TransitionOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  TransitionOrder(argument: _orders_v1_TransitionOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  TransitionOrder(argument: _orders_v1_TransitionOrderRequest, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  transitionOrder(argument: _orders_v1_TransitionOrderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  transitionOrder(argument: _orders_v1_TransitionOrderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  transitionOrder(argument: _orders_v1_TransitionOrderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  transitionOrder(argument: _orders_v1_TransitionOrderRequest, callback: grpc.requestCallback<_orders_v1_TransitionOrderResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface OrderServiceHandlers extends grpc.UntypedServiceImplementation {
  CreateOrder: grpc.handleUnaryCall<_orders_v1_CreateOrderRequest__Output, _orders_v1_CreateOrderResponse>;
  
  GetOrder: grpc.handleUnaryCall<_orders_v1_GetOrderRequest__Output, _orders_v1_GetOrderResponse>;
  
  ListOrders: grpc.handleUnaryCall<_orders_v1_ListOrdersRequest__Output, _orders_v1_ListOrdersResponse>;
  
  TransitionOrder: grpc.handleUnaryCall<_orders_v1_TransitionOrderRequest__Output, _orders_v1_TransitionOrderResponse>;
  
}

export interface OrderServiceDefinition extends grpc.ServiceDefinition {
  CreateOrder: MethodDefinition<_orders_v1_CreateOrderRequest, _orders_v1_CreateOrderResponse, _orders_v1_CreateOrderRequest__Output, _orders_v1_CreateOrderResponse__Output>
  GetOrder: MethodDefinition<_orders_v1_GetOrderRequest, _orders_v1_GetOrderResponse, _orders_v1_GetOrderRequest__Output, _orders_v1_GetOrderResponse__Output>
  ListOrders: MethodDefinition<_orders_v1_ListOrdersRequest, _orders_v1_ListOrdersResponse, _orders_v1_ListOrdersRequest__Output, _orders_v1_ListOrdersResponse__Output>
  TransitionOrder: MethodDefinition<_orders_v1_TransitionOrderRequest, _orders_v1_TransitionOrderResponse, _orders_v1_TransitionOrderRequest__Output, _orders_v1_TransitionOrderResponse__Output>
}
