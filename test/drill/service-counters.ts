import { pause } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import { HttpClient, RequestError } from './http-client.ts';

const INTERVAL_MS = 1_000;

/** Counters that show whether the services noticed the faults. */
const SHOWN = /^(orders_(?:batch_retries|retries|dead_letter_floods)_total(?:\{[^}]*\})?) (\d+)$/gm;

/** Adds up the services' counters across restarts; what a process counted just before a kill is missing. */
export class ServiceCounters {
  readonly totals = new Map<string, number>();
  readonly #nodes: readonly ClusterNode[];
  readonly #http = new HttpClient({ maxConnections: 1, timeoutMs: 1_000 });
  /** last value by address and series */
  readonly #seen = new Map<string, number>();

  constructor(nodes: readonly ClusterNode[]) {
    this.#nodes = nodes;
  }

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#nodes.map(({ address }) => this.#read(address)));
      await pause(INTERVAL_MS, signal);
    }
    this.#http.close();
  }

  async #read(address: string | undefined): Promise<void> {
    if (address === undefined) return;
    try {
      const { body } = await this.#http.get(`${address}/metrics`);
      for (const [, series = '', value] of String(body).matchAll(SHOWN)) {
        this.#add(address, series, Number(value));
      }
    } catch (error) {
      // The process is down or frozen; the next reading catches up.
      if (!(error instanceof RequestError)) throw error;
    }
  }

  #add(address: string, series: string, value: number): void {
    const key = `${address} ${series}`;
    const more = value - (this.#seen.get(key) ?? 0);
    this.#seen.set(key, value);
    if (more > 0) this.totals.set(series, (this.totals.get(series) ?? 0) + more);
  }
}
