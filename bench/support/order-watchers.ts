import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { OrderEvent__Output } from '../../src/grpc/generated/orders/v1/OrderEvent.ts';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { createWatchClient } from './watch-client.ts';

/** The service allows four times as many. */
const STREAMS_PER_CONNECTION = 1_000;

/** Streams that are opened before the snapshot of the first is awaited. */
const OPENED_AT_ONCE = 500;

/** A gRPC frame with an empty message: five bytes, all zero. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/** Many watchers of one order each, over few connections. They count what they get. */
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

  /** Resolves when each has its snapshot. @throws Error when a stream failed */
  async watchMore(orderIds: readonly string[]): Promise<void> {
    for (let from = 0; from < orderIds.length; from += OPENED_AT_ONCE) {
      for (const orderId of orderIds.slice(from, from + OPENED_AT_ONCE)) await this.#watch(orderId);
      await eventually(() => this.#snapshots >= this.#calls.length || this.#failure !== undefined, {
        what: 'the snapshot of every order',
        timeoutMs: 60_000,
      });
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Resolves when this many changes have arrived in total. @throws Error when fewer or more arrive */
  async received(changes: number): Promise<void> {
    await eventually(() => this.#changes >= changes || this.#failure !== undefined, {
      what: `${changes} changes`,
      timeoutMs: 120_000,
    });
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#changes > changes) throw new Error(`${this.#changes} changes arrived instead of ${changes}.`);
  }

  close(): void {
    this.#isClosing = true;
    for (const call of this.#calls) call.cancel();
    for (const connection of this.#connections) connection.close();
  }

  async #watch(orderId: string): Promise<void> {
    const index = Math.floor(this.#calls.length / STREAMS_PER_CONNECTION);
    const client = (this.#connections[index] ??= await createWatchClient(this.#address));
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
}

/** A watcher of all orders that never reads, over a connection of its own. @param address host:port */
export async function stalledWatcher(address: string): Promise<{ close: () => void }> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/orders.v1.OrderWatch/WatchOrders',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(EMPTY_MESSAGE);
  await once(stream, 'response');
  return { close: () => session.destroy() };
}
