import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { anOrder } from '../support/order-client.ts';
import { send, type Sent } from './send.ts';

/** Between two requests of a client; stays far below the gateway's rate limit. */
const PACE_MS = 20;

/**
 * Clients with separate addresses. Half of them place orders with an Idempotency-Key and repeat each request until it is
 * acknowledged. The others read orders.
 */
export class KeyedLoad {
  readonly customerId = `c-${randomUUID()}`;
  /** key → the ids that it returned */
  readonly acknowledged = new Map<string, Set<string>>();
  /** statuses of POST other than 202; 0: no response */
  readonly refused: number[] = [];
  /** statuses of GET; 0: no response */
  readonly read: number[] = [];
  readonly #url: string;
  readonly #clients: Promise<void>[];
  readonly #locations: string[] = [];
  #isStopped = false;

  constructor(url: string, { pairs }: { pairs: number }) {
    this.#url = url;
    this.#clients = Array.from({ length: pairs }, (_, index) => [
      this.#repeat(() => this.#place(`127.0.1.${index + 1}`)),
      this.#repeat(() => this.#read(`127.0.2.${index + 1}`)),
    ]).flat();
  }

  /** Resolves when every order in progress is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      await step();
      await delay(PACE_MS);
    }
  }

  async #place(from: string): Promise<void> {
    const key = randomUUID();
    const options = {
      body: anOrder({ customerId: this.customerId }),
      headers: { 'idempotency-key': key },
      from,
    };
    for (;;) {
      const answer: Sent | undefined = await send(this.#url, '/v1/orders', options).catch(() => undefined);
      if (answer?.status === 202) {
        this.acknowledged.set(key, new Set([...(this.acknowledged.get(key) ?? []), String(answer.json.id)]));
        this.#locations.push(answer.headers.location ?? '');
        return;
      }
      this.refused.push(answer?.status ?? 0);
      await delay(PACE_MS);
    }
  }

  async #read(from: string): Promise<void> {
    const location = this.#locations.at(-1);
    if (location === undefined) return;
    const { status } = await send(this.#url, location, { from }).catch(() => ({ status: 0 }));
    this.read.push(status);
  }
}
