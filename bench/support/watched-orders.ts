import { Agent, request } from 'node:http';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { OrderEvent__Output } from '../../src/grpc/generated/orders/v1/OrderEvent.ts';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { paced } from './paced.ts';
import { sampleOrder } from './sample-order.ts';
import { createWatchClient } from './watch-client.ts';

/** Places orders at one replica and watches them over a gRPC stream at another. */
export class WatchedOrders {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #client: OrderWatchClient;
  readonly #call: ClientReadableStream<OrderEvent__Output>;
  readonly #watchedAt = new Map<string, number>();
  #hasBegun = false;
  #failure: Error | undefined;

  private constructor(url: URL, client: OrderWatchClient) {
    this.#url = url;
    this.#client = client;
    this.#call = client.watchOrders({});
    this.#call.on('data', ({ change }: OrderEvent__Output) => {
      this.#hasBegun = true;
      if (change) this.#watchedAt.set(change.orderId, performance.now());
    });
    this.#call.on('error', (error) => (this.#failure ??= error));
  }

  /** @param watchAddress host:port */
  static async start(options: { placeUrl: string; watchAddress: string }): Promise<WatchedOrders> {
    const client = await createWatchClient(options.watchAddress);
    const orders = new WatchedOrders(new URL('/v1/orders', options.placeUrl), client);
    await eventually(() => orders.#hasBegun, { what: 'the stream to begin' });
    return orders;
  }

  /**
   * Milliseconds from sending each request to its response, and to the watcher getting the confirmed order.
   * @param isMeasured selects orders by index; all are waited for
   */
  async run(
    count: number,
    rate: number,
    isMeasured: (index: number) => boolean = () => true,
  ): Promise<{ accepted: number[]; watched: number[] }> {
    this.#watchedAt.clear();
    const accepted: number[] = [];
    const sentAt = new Map<string, number>();
    const unmeasured = new Set<string>();
    await paced(count, rate, (index) => {
      const startedAt = performance.now();
      this.#place(index, (orderId) => {
        sentAt.set(orderId, startedAt);
        if (!isMeasured(index)) unmeasured.add(orderId);
        accepted.push(performance.now() - startedAt);
      });
    });
    const isDone = () => this.#watchedAt.size === count && sentAt.size === count;
    await eventually(() => isDone() || this.#failure !== undefined, {
      what: 'every order to be accepted and watched',
    });
    if (this.#failure !== undefined) throw this.#failure;
    const watched = [...sentAt]
      .filter(([orderId]) => !unmeasured.has(orderId))
      .map(([orderId, at]) => (this.#watchedAt.get(orderId) ?? Number.NaN) - at);
    return { accepted, watched };
  }

  close(): void {
    this.#failure = undefined;
    this.#call.on('error', () => undefined);
    this.#call.cancel();
    this.#client.close();
    this.#agent.destroy();
  }

  #place(index: number, onAccepted: (orderId: string) => void): void {
    const sent = request(
      this.#url,
      { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          if (response.statusCode === 202) onAccepted((JSON.parse(text) as { id: string }).id);
          else this.#failure ??= new Error(`An order got ${response.statusCode ?? 0}: ${text}`);
        });
      },
    );
    sent.on('error', (error) => (this.#failure ??= error));
    sent.end(JSON.stringify(sampleOrder(index)));
  }
}
