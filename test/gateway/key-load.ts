import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { anOrder } from '../support/order-client.ts';
import { send, type Sent } from './send.ts';

/** Between two requests of a line, milliseconds: far below what the gateway grants an address. */
const PACE_MS = 20;

/**
 * Callers at addresses of their own. Half of them place orders as a careful client does: with an Idempotency-Key, and again
 * with the same one until it is acknowledged. The others read what was placed.
 */
export class KeyLoad {
  readonly customerId = `c-${randomUUID()}`;
  /** key → the ids that it was ever answered with */
  readonly acknowledged = new Map<string, Set<string>>();
  /** answers other than 202 to a POST, by status; 0: no answer */
  readonly refused: number[] = [];
  /** answers to a GET, by status */
  readonly read: number[] = [];
  readonly #url: string;
  readonly #lines: Promise<void>[];
  readonly #locations: string[] = [];
  #isStopped = false;

  constructor(url: string, { lines }: { lines: number }) {
    this.#url = url;
    this.#lines = Array.from({ length: lines }, (_, index) => [
      this.#line(() => this.#place(`127.0.1.${index + 1}`)),
      this.#line(() => this.#read(`127.0.2.${index + 1}`)),
    ]).flat();
  }

  /** Resolves when every order that was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#lines);
  }

  async #line(step: () => Promise<void>): Promise<void> {
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
