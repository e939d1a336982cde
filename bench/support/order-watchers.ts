import {
  credentials,
  loadPackageDefinition,
  type ClientReadableStream,
  type GrpcObject,
} from '@grpc/grpc-js';
import type { OrderEvent__Output } from '../../src/grpc/generated/orders/v1/OrderEvent.ts';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import type { ProtoGrpcType } from '../../src/grpc/generated/orders.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** Streams of one connection: the service takes four times as many. */
const STREAMS_A_CONNECTION = 1_000;

/** Streams that are opened before the first of them is known to be there. */
const OPENED_AT_ONCE = 500;

/** Many readers of one order each, over as few connections as clients would use. They count what comes. */
export class OrderWatchers {
  readonly #address: string;
  readonly #connections: OrderWatchClient[] = [];
  readonly #calls: ClientReadableStream<OrderEvent__Output>[] = [];
  #snapshots = 0;
  #isClosing = false;
  #failure: Error | undefined;
  #changes = 0;

  private constructor(address: string) {
    this.#address = address;
  }

  /** @param address host:port */
  static async open(address: string, orderIds: readonly string[]): Promise<OrderWatchers> {
    const watchers = new OrderWatchers(address);
    await watchers.watchMore(orderIds);
    return watchers;
  }

  /** Resolves when each of them has been told the present state. @throws Error when a stream broke */
  async watchMore(orderIds: readonly string[]): Promise<void> {
    for (let from = 0; from < orderIds.length; from += OPENED_AT_ONCE) {
      for (const orderId of orderIds.slice(from, from + OPENED_AT_ONCE)) await this.#watch(orderId);
      await eventually(() => this.#snapshots >= this.#calls.length || this.#failure !== undefined, {
        what: 'the present state of every order',
        timeoutMs: 60_000,
      });
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Resolves when so many changes came, all together. @throws Error when they do not, or more */
  async told(changes: number): Promise<void> {
    await eventually(() => this.#changes >= changes || this.#failure !== undefined, {
      what: `${changes} changes`,
      timeoutMs: 120_000,
    });
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#changes > changes) throw new Error(`${this.#changes} changes came instead of ${changes}.`);
  }

  close(): void {
    this.#isClosing = true;
    for (const call of this.#calls) call.cancel();
    for (const connection of this.#connections) connection.close();
  }

  async #watch(orderId: string): Promise<void> {
    const client = await this.#connection();
    const call = client.watchOrder({ orderId });
    call.on('data', ({ snapshot, change }: OrderEvent__Output) => {
      if (snapshot) this.#snapshots += 1;
      if (change) this.#changes += 1;
    });
    call.on('error', (error) => {
      if (!this.#isClosing) this.#failure ??= error;
    });
    this.#calls.push(call);
  }

  async #connection(): Promise<OrderWatchClient> {
    const index = Math.floor(this.#calls.length / STREAMS_A_CONNECTION);
    let client = this.#connections[index];
    if (client === undefined) {
      const { definition } = await loadOrdersApi();
      const { orders } = loadPackageDefinition(definition) as GrpcObject & ProtoGrpcType;
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      client = new orders.v1.OrderWatch(this.#address, credentials.createInsecure(), options);
      this.#connections.push(client);
    }
    return client;
  }
}
