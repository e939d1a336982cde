import { setTimeout as delay } from 'node:timers/promises';
import type { Prometheus } from './prometheus.ts';

const POLL_MS = 250;

/** Follows the alerts of a Prometheus. */
export class AlertLog {
  readonly #prometheus: Prometheus;
  readonly #stopping = new AbortController();
  readonly #firingSince = new Map<string, number>();
  readonly #everFired = new Map<string, Record<string, string>>();
  #following: Promise<void> | undefined;
  #error: unknown;

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
  }

  start(): void {
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  isFiring(id: string): boolean {
    if (this.#error !== undefined) throw new Error('Prometheus does not answer.', { cause: this.#error });
    return this.#firingSince.has(id);
  }

  /** All alerts that have fired so far, with the labels of the first time. */
  get fired(): ReadonlyMap<string, Record<string, string>> {
    return this.#everFired;
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#read();
      } catch (error) {
        this.#error = error;
        return;
      }
      await delay(POLL_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const firing = (await this.#prometheus.alerts()).filter(({ state }) => state === 'firing');
    const ids = new Set(firing.map(({ id }) => id));
    for (const { id, labels } of firing) {
      if (!this.#firingSince.has(id)) this.#firingSince.set(id, performance.now());
      if (!this.#everFired.has(id)) this.#everFired.set(id, labels);
    }
    for (const id of this.#firingSince.keys()) if (!ids.has(id)) this.#firingSince.delete(id);
  }
}
