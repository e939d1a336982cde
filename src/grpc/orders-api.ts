import { fileURLToPath } from 'node:url';
import { load, type Options, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import type { OrderEvent } from './generated/orders/v1/OrderEvent.ts';
import type { OrderServiceDefinition } from './generated/orders/v1/OrderService.ts';
import type { OrderWatchDefinition } from './generated/orders/v1/OrderWatch.ts';

/** This file runs as dist/src/grpc/orders-api.js of the package. */
export const PROTO_FOLDER = fileURLToPath(new URL('../../../proto', import.meta.url));

/**
 * As the generated types have it (`npm run generate`). A 64-bit integer is a number: what a request may have is far
 * below 2^53, what is more is refused whatever its last digits, and what is answered is a safe integer.
 */
export const LOADER_OPTIONS = {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
  includeDirs: [PROTO_FOLDER],
} satisfies Options;

/** The services of proto/orders/v1/orders.proto. */
export interface OrdersApi {
  definition: PackageDefinition;
  orders: OrderServiceDefinition;
  watch: OrderWatchDefinition;
  /** the same, with messages that were encoded before: an event goes to all its watchers as one buffer */
  watchBytes: ServiceDefinition;
  encodeEvent: (event: OrderEvent) => Buffer;
}

export async function loadOrdersApi(): Promise<OrdersApi> {
  const definition = await load('orders/v1/orders.proto', LOADER_OPTIONS);
  const orders = definition['orders.v1.OrderService'] as ServiceDefinition & OrderServiceDefinition;
  const watch = definition['orders.v1.OrderWatch'] as ServiceDefinition & OrderWatchDefinition;
  const watchBytes = {
    WatchOrder: { ...watch.WatchOrder, responseSerialize: asItIs },
    WatchOrders: { ...watch.WatchOrders, responseSerialize: asItIs },
  };
  return { definition, orders, watch, watchBytes, encodeEvent: watch.WatchOrder.responseSerialize };
}

function asItIs(message: object): Buffer {
  if (Buffer.isBuffer(message)) return message;
  throw new TypeError('A message of this service is handed over as bytes.');
}
