import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { CreateOrderRequest as _orders_v1_CreateOrderRequest, CreateOrderRequest__Output as _orders_v1_CreateOrderRequest__Output } from './orders/v1/CreateOrderRequest.ts';
import type { CreateOrderResponse as _orders_v1_CreateOrderResponse, CreateOrderResponse__Output as _orders_v1_CreateOrderResponse__Output } from './orders/v1/CreateOrderResponse.ts';
import type { GetOrderRequest as _orders_v1_GetOrderRequest, GetOrderRequest__Output as _orders_v1_GetOrderRequest__Output } from './orders/v1/GetOrderRequest.ts';
import type { GetOrderResponse as _orders_v1_GetOrderResponse, GetOrderResponse__Output as _orders_v1_GetOrderResponse__Output } from './orders/v1/GetOrderResponse.ts';
import type { Heartbeat as _orders_v1_Heartbeat, Heartbeat__Output as _orders_v1_Heartbeat__Output } from './orders/v1/Heartbeat.ts';
import type { ListOrdersRequest as _orders_v1_ListOrdersRequest, ListOrdersRequest__Output as _orders_v1_ListOrdersRequest__Output } from './orders/v1/ListOrdersRequest.ts';
import type { ListOrdersResponse as _orders_v1_ListOrdersResponse, ListOrdersResponse__Output as _orders_v1_ListOrdersResponse__Output } from './orders/v1/ListOrdersResponse.ts';
import type { Order as _orders_v1_Order, Order__Output as _orders_v1_Order__Output } from './orders/v1/Order.ts';
import type { OrderChange as _orders_v1_OrderChange, OrderChange__Output as _orders_v1_OrderChange__Output } from './orders/v1/OrderChange.ts';
import type { OrderEvent as _orders_v1_OrderEvent, OrderEvent__Output as _orders_v1_OrderEvent__Output } from './orders/v1/OrderEvent.ts';
import type { OrderItem as _orders_v1_OrderItem, OrderItem__Output as _orders_v1_OrderItem__Output } from './orders/v1/OrderItem.ts';
import type { OrderServiceClient as _orders_v1_OrderServiceClient, OrderServiceDefinition as _orders_v1_OrderServiceDefinition } from './orders/v1/OrderService.ts';
import type { OrderWatchClient as _orders_v1_OrderWatchClient, OrderWatchDefinition as _orders_v1_OrderWatchDefinition } from './orders/v1/OrderWatch.ts';
import type { TransitionOrderRequest as _orders_v1_TransitionOrderRequest, TransitionOrderRequest__Output as _orders_v1_TransitionOrderRequest__Output } from './orders/v1/TransitionOrderRequest.ts';
import type { TransitionOrderResponse as _orders_v1_TransitionOrderResponse, TransitionOrderResponse__Output as _orders_v1_TransitionOrderResponse__Output } from './orders/v1/TransitionOrderResponse.ts';
import type { WatchOrderRequest as _orders_v1_WatchOrderRequest, WatchOrderRequest__Output as _orders_v1_WatchOrderRequest__Output } from './orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest as _orders_v1_WatchOrdersRequest, WatchOrdersRequest__Output as _orders_v1_WatchOrdersRequest__Output } from './orders/v1/WatchOrdersRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  orders: {
    v1: {
      CreateOrderRequest: MessageTypeDefinition<_orders_v1_CreateOrderRequest, _orders_v1_CreateOrderRequest__Output>
      CreateOrderResponse: MessageTypeDefinition<_orders_v1_CreateOrderResponse, _orders_v1_CreateOrderResponse__Output>
      GetOrderRequest: MessageTypeDefinition<_orders_v1_GetOrderRequest, _orders_v1_GetOrderRequest__Output>
      GetOrderResponse: MessageTypeDefinition<_orders_v1_GetOrderResponse, _orders_v1_GetOrderResponse__Output>
      Heartbeat: MessageTypeDefinition<_orders_v1_Heartbeat, _orders_v1_Heartbeat__Output>
      ListOrdersRequest: MessageTypeDefinition<_orders_v1_ListOrdersRequest, _orders_v1_ListOrdersRequest__Output>
      ListOrdersResponse: MessageTypeDefinition<_orders_v1_ListOrdersResponse, _orders_v1_ListOrdersResponse__Output>
      Order: MessageTypeDefinition<_orders_v1_Order, _orders_v1_Order__Output>
      OrderChange: MessageTypeDefinition<_orders_v1_OrderChange, _orders_v1_OrderChange__Output>
      OrderEvent: MessageTypeDefinition<_orders_v1_OrderEvent, _orders_v1_OrderEvent__Output>
      OrderItem: MessageTypeDefinition<_orders_v1_OrderItem, _orders_v1_OrderItem__Output>
      OrderService: SubtypeConstructor<typeof grpc.Client, _orders_v1_OrderServiceClient> & { service: _orders_v1_OrderServiceDefinition }
      OrderStatus: EnumTypeDefinition
      OrderWatch: SubtypeConstructor<typeof grpc.Client, _orders_v1_OrderWatchClient> & { service: _orders_v1_OrderWatchDefinition }
      TransitionOrderRequest: MessageTypeDefinition<_orders_v1_TransitionOrderRequest, _orders_v1_TransitionOrderRequest__Output>
      TransitionOrderResponse: MessageTypeDefinition<_orders_v1_TransitionOrderResponse, _orders_v1_TransitionOrderResponse__Output>
      WatchOrderRequest: MessageTypeDefinition<_orders_v1_WatchOrderRequest, _orders_v1_WatchOrderRequest__Output>
      WatchOrdersRequest: MessageTypeDefinition<_orders_v1_WatchOrdersRequest, _orders_v1_WatchOrdersRequest__Output>
    }
  }
}

