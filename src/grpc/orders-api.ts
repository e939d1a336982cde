import { fileURLToPath } from 'node:url';
import { load, type Options, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import type { OrderEvent } from './generated/orders/v1/OrderEvent.ts';
import type { OrderServiceDefinition } from './generated/orders/v1/OrderService.ts';
import type { OrderWatchDefinition } from './generated/orders/v1/OrderWatch.ts';

/** This file runs as dist/src/grpc/orders-api.js of the package. */
export const PROTO_FOLDER = fileURLToPath(new URL('../../../proto', import.meta.url));

/**
 * Must match the generated types (`npm run generate`). 64-bit integers become numbers: valid requests stay far below
 * 2^53, larger values are refused anyway, and responses contain only safe integers.
 */
const LOADER_OPTIONS = {
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
  /** like `watch`, but sends messages that are already encoded: all watchers of an event share one buffer */
  watchBytes: ServiceDefinition;
  encodeEvent: (event: OrderEvent) => Buffer;
}

export async function loadOrdersApi(): Promise<OrdersApi> {
  const definition = await load('orders/v1/orders.proto', LOADER_OPTIONS);
  const orders = definition['orders.v1.OrderService'] as ServiceDefinition & OrderServiceDefinition;
  const watch = definition['orders.v1.OrderWatch'] as ServiceDefinition & OrderWatchDefinition;
  const watchBytes = {
    WatchOrder: { ...watch.WatchOrder, responseSerialize: encoded },
    WatchOrders: { ...watch.WatchOrders, responseSerialize: encoded },
  };
  return { definition, orders, watch, watchBytes, encodeEvent: watch.WatchOrder.responseSerialize };
}

function encoded(message: object): Buffer {
  if (Buffer.isBuffer(message)) return message;
  throw new TypeError('The message is not encoded.');
}
