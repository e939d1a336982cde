import { HttpClient, Unanswered } from './http.ts';
import type { Member } from './member.ts';
import { pause } from './pause.ts';

const INTERVAL_MS = 1_000;

/** Counters that show whether the faults were felt. */
const SHOWN =
  /^(orders_(?:batch_retries|[a-z_]*(?:park|retr|dead|circuit|breaker)[a-z_]*)_total(?:\{[^}]*\})?) (\d+)$/gm;

/** Adds up the services' own counters across their restarts; what a process counted last before it was killed is missed. */
export class ServiceCounters {
  readonly totals = new Map<string, number>();
  readonly #members: readonly Member[];
  readonly #http = new HttpClient({ maxConnections: 1, timeoutMs: 1_000 });
  /** by address and series: as last seen */
  readonly #seen = new Map<string, number>();

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#members.map(({ address }) => this.#look(address)));
      await pause(INTERVAL_MS, signal);
    }
    this.#http.close();
  }

  async #look(address: string | undefined): Promise<void> {
    if (address === undefined) return;
    try {
      const { body } = await this.#http.get(`${address}/metrics`);
      for (const [, series = '', value] of String(body).matchAll(SHOWN))
        this.#add(address, series, Number(value));
    } catch (error) {
      // A process that is down or held still says nothing: the next look finds what is missed now.
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  #add(address: string, series: string, value: number): void {
    const key = `${address} ${series}`;
    const more = value - (this.#seen.get(key) ?? 0);
    this.#seen.set(key, value);
    if (more > 0) this.totals.set(series, (this.totals.get(series) ?? 0) + more);
  }
}
