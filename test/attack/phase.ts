/** What the honest client felt in one phase. */
export interface Felt {
  requests: number;
  /** ms; null without any */
  p50: number | null;
  p99: number | null;
  /** from the request that placed an order to its event on the stream */
  events: number;
  eventP99: number | null;
  /** refused by the client's own rate limit */
  limited: number;
  errors: number;
  /** what went wrong → how often */
  errorsByKind: Record<string, number>;
}

/** Collects the requests that began in one phase, however late they end. */
export class Phase {
  readonly #requests: number[] = [];
  readonly #events: number[] = [];
  readonly #errors = new Map<string, number>();
  #limited = 0;
  #pending = 0;

  /** Requests and events that have not ended. */
  get pending(): number {
    return this.#pending;
  }

  get answeredRequests(): number {
    return this.#requests.length;
  }

  begin(): void {
    this.#pending += 1;
  }

  end(): void {
    this.#pending -= 1;
  }

  answered(ms: number): void {
    this.#requests.push(ms);
  }

  toldAfter(ms: number): void {
    this.#events.push(ms);
  }

  limited(): void {
    this.#limited += 1;
  }

  failed(what: string): void {
    this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1);
  }

  felt(): Felt {
    return {
      requests: this.#requests.length,
      p50: percentile(this.#requests, 50),
      p99: percentile(this.#requests, 99),
      events: this.#events.length,
      eventP99: percentile(this.#events, 99),
      limited: this.#limited,
      errors: [...this.#errors.values()].reduce((total, count) => total + count, 0),
      errorsByKind: Object.fromEntries(this.#errors),
    };
  }
}

/** Nearest rank; null without values. */
export function percentile(values: readonly number[], percent: number): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}
