import { randomUUID } from 'node:crypto';
import { toError } from '../../src/base/errors.ts';
import { waitUntil } from '../../tools/support/wait-until.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { AddressRelay } from './address-relay.ts';
import { HONEST_ADDRESS, HonestHttp, TIMEOUT_MS } from './honest-http.ts';
import { HonestRequests, Limited, type Kind } from './honest-requests.ts';
import { HonestStream } from './honest-stream.ts';
import { Phase } from './phase.ts';

/** Requests a second; modest, so that two cores carry the service, the attack and this client. */
const RATE = 30;

/** Kinds of requests, in turn. */
// prettier-ignore
const TURNS = [
  'create', 'read', 'grpcCreate', 'list', 'read', 'create', 'grpcRead', 'create', 'listOwn', 'read',
  'create', 'grpcList', 'read', 'create', 'wait', 'read', 'grpcRead', 'create', 'listOwn', 'open',
] as const satisfies Kind[];

/** Places, reads, lists and watches orders at a steady rate over HTTP and gRPC, and notes what it feels. */
export class HonestClient {
  readonly #http: HonestHttp;
  readonly #relay: AddressRelay;
  readonly #grpc: GrpcClient;
  readonly #requests: HonestRequests;
  readonly #stream: HonestStream;
  readonly #seen = new Map<string, number>();
  #phase = new Phase();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  private constructor(url: string, relay: AddressRelay, grpc: GrpcClient) {
    this.#http = new HonestHttp(url);
    this.#relay = relay;
    this.#grpc = grpc;
    this.#requests = new HonestRequests(this.#http, grpc, `c-honest-${randomUUID().slice(0, 8)}`);
    this.#stream = new HonestStream(this.#http, this.#requests.eventsPath, {
      onEvent: (orderId) => this.#seen.set(orderId, performance.now()),
      onEnd: (why) => this.#phase.failed(`stream: ${why}`),
    });
  }

  /** Begins to send. */
  static async start({ url, grpcAddress }: { url: string; grpcAddress: string }): Promise<HonestClient> {
    const relay = new AddressRelay(grpcAddress, HONEST_ADDRESS);
    const client = new HonestClient(url, relay, await GrpcClient.to(await relay.start()));
    client.#stream.start();
    client.#timer = setInterval(() => client.#next(), 1_000 / RATE);
    return client;
  }

  /** Requests that begin from now on belong to a new phase. */
  enter(): Phase {
    this.#phase = new Phase();
    return this.#phase;
  }

  /** Resolves when everything that began in the phase has ended. */
  async drained(phase: Phase): Promise<void> {
    await waitUntil(() => phase.pending === 0, { deadlineMs: 2 * TIMEOUT_MS + 5_000 });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#stream.stop();
    this.#http.close();
    this.#grpc.close();
    await this.#relay.stop();
  }

  #next(): void {
    const kind = TURNS[this.#turn % TURNS.length] ?? 'create';
    this.#turn += 1;
    const phase = this.#phase;
    phase.begin();
    this.#timed(kind, phase)
      .catch((error: unknown) => {
        if (error instanceof Limited) phase.limited();
        else phase.failed(`${kind}: ${toError(error).message}`);
      })
      .finally(() => phase.end());
  }

  async #timed(kind: Kind, phase: Phase): Promise<void> {
    const startedAt = performance.now();
    const orderId = await this.#requests.send[kind]();
    phase.answered(performance.now() - startedAt);
    if (orderId !== undefined) await this.#told(orderId, phase, startedAt);
  }

  /** Waits for the order's event. */
  async #told(orderId: string, phase: Phase, startedAt: number): Promise<void> {
    const isTold = await waitUntil(() => this.#seen.has(orderId), { deadlineMs: TIMEOUT_MS, everyMs: 10 });
    const at = this.#seen.get(orderId);
    this.#seen.delete(orderId);
    if (!isTold || at === undefined) throw new Error('no event');
    phase.toldAfter(at - startedAt);
  }
}
