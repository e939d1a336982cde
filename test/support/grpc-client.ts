import { promisify } from 'node:util';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  InterceptingCall,
  type ChannelCredentials,
  type GrpcObject,
  type Interceptor,
} from '@grpc/grpc-js';
import type { CreateOrderRequest } from '../../src/grpc/generated/orders/v1/CreateOrderRequest.ts';
import type { CreateOrderResponse__Output } from '../../src/grpc/generated/orders/v1/CreateOrderResponse.ts';
import type { GetOrderRequest } from '../../src/grpc/generated/orders/v1/GetOrderRequest.ts';
import type { ListOrdersRequest } from '../../src/grpc/generated/orders/v1/ListOrdersRequest.ts';
import type { ListOrdersResponse__Output } from '../../src/grpc/generated/orders/v1/ListOrdersResponse.ts';
import type { Order__Output } from '../../src/grpc/generated/orders/v1/Order.ts';
import type { OrderServiceClient } from '../../src/grpc/generated/orders/v1/OrderService.ts';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import type { TransitionOrderRequest } from '../../src/grpc/generated/orders/v1/TransitionOrderRequest.ts';
import type { TransitionOrderResponse__Output } from '../../src/grpc/generated/orders/v1/TransitionOrderResponse.ts';
import type { WatchOrderRequest } from '../../src/grpc/generated/orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest } from '../../src/grpc/generated/orders/v1/WatchOrdersRequest.ts';
import type { ProtoGrpcType } from '../../src/grpc/generated/orders.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { GrpcWatcher } from './grpc-watcher.ts';

const DEADLINE_MS = 30_000;

/** An ordinary gRPC client with its own connection; every unary call has a deadline. */
export class GrpcClient {
  readonly #orders: OrderServiceClient;
  readonly #watch: OrderWatchClient;

  private constructor(orders: OrderServiceClient, watch: OrderWatchClient) {
    this.#orders = orders;
    this.#watch = watch;
  }

  /**
   * @param address host:port; nothing is sent before the first call
   * @param token sent with every call
   */
  static async to(
    address: string,
    security: ChannelCredentials = credentials.createInsecure(),
    token?: string,
  ): Promise<GrpcClient> {
    const { definition } = await loadOrdersApi();
    const { orders } = loadPackageDefinition(definition) as GrpcObject & ProtoGrpcType;
    const interceptors = token === undefined ? [] : [withToken(token)];
    const options = { 'grpc.use_local_subchannel_pool': 1, interceptors };
    const first = new orders.v1.OrderService(address, security, options);
    const channelOverride = first.getChannel();
    return new GrpcClient(
      first,
      new orders.v1.OrderWatch(address, security, { channelOverride, interceptors }),
    );
  }

  create(request: CreateOrderRequest, metadata = new Metadata()): Promise<CreateOrderResponse__Output> {
    return called((done) => this.#orders.createOrder(request, metadata, options(), done));
  }

  async get(request: GetOrderRequest): Promise<Order__Output> {
    const { order } = await called<{ order: Order__Output | null }>((done) =>
      this.#orders.getOrder(request, options(), done),
    );
    if (order === null) throw new Error('The answer has no order.');
    return order;
  }

  list(request: ListOrdersRequest): Promise<ListOrdersResponse__Output> {
    return called((done) => this.#orders.listOrders(request, options(), done));
  }

  transition(request: TransitionOrderRequest): Promise<TransitionOrderResponse__Output> {
    return called((done) => this.#orders.transitionOrder(request, options(), done));
  }

  watchOrder(request: WatchOrderRequest): GrpcWatcher {
    return new GrpcWatcher(this.#watch.watchOrder(request));
  }

  watchOrders(request: WatchOrdersRequest = {}): GrpcWatcher {
    return new GrpcWatcher(this.#watch.watchOrders(request));
  }

  close(): void {
    this.#orders.close();
  }
}

type Done<Answer> = (error: Error | null, answer?: Answer) => void;

async function called<Answer>(call: (done: Done<Answer>) => void): Promise<Answer> {
  const answer = await promisify<Answer | undefined>(call)();
  if (answer === undefined) throw new Error('The call succeeded without an answer.');
  return answer;
}

function withToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}

function options(): { deadline: number } {
  return { deadline: Date.now() + DEADLINE_MS };
}
