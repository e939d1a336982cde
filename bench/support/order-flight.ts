import { Agent, request } from 'node:http';
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
import { paced } from './paced.ts';
import { sampleOrder } from './sample-order.ts';

/** Sends orders to one replica and hears of them from a gRPC stream of another. */
export class OrderFlight {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #client: OrderWatchClient;
  readonly #call: ClientReadableStream<OrderEvent__Output>;
  readonly #toldAt = new Map<string, number>();
  #hasBegun = false;
  #failure: Error | undefined;

  private constructor(url: URL, client: OrderWatchClient) {
    this.#url = url;
    this.#client = client;
    this.#call = client.watchOrders({});
    this.#call.on('data', ({ change }: OrderEvent__Output) => {
      this.#hasBegun = true;
      if (change) this.#toldAt.set(change.orderId, performance.now());
    });
    this.#call.on('error', (error) => (this.#failure ??= error));
  }

  static async start({ takesAt, tellsAt }: { takesAt: string; tellsAt: string }): Promise<OrderFlight> {
    const { definition } = await loadOrdersApi();
    const { orders } = loadPackageDefinition(definition) as GrpcObject & ProtoGrpcType;
    const client = new orders.v1.OrderWatch(tellsAt, credentials.createInsecure());
    const flight = new OrderFlight(new URL('/v1/orders', takesAt), client);
    await eventually(() => flight.#hasBegun, { what: 'the stream to begin' });
    return flight;
  }

  /** Milliseconds from sending the request to the answer, and to hearing of the confirmed order, of each. */
  async run(count: number, rate: number): Promise<{ accepted: number[]; told: number[] }> {
    this.#toldAt.clear();
    const accepted: number[] = [];
    const sentAt = new Map<string, number>();
    await paced(count, rate, (index) => {
      const startedAt = performance.now();
      this.#place(index, (orderId) => {
        sentAt.set(orderId, startedAt);
        accepted.push(performance.now() - startedAt);
      });
    });
    await eventually(() => this.#toldAt.size === count || this.#failure !== undefined, {
      what: 'every order to be told of',
    });
    await eventually(() => sentAt.size === count || this.#failure !== undefined, {
      what: 'every order to be answered',
    });
    if (this.#failure !== undefined) throw this.#failure;
    const told = [...sentAt].map(([orderId, at]) => (this.#toldAt.get(orderId) ?? Number.NaN) - at);
    return { accepted, told };
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
          else this.#failure ??= new Error(`An order was answered with ${response.statusCode ?? 0}: ${text}`);
        });
      },
    );
    sent.on('error', (error) => (this.#failure ??= error));
    sent.end(JSON.stringify(sampleOrder(index)));
  }
}
