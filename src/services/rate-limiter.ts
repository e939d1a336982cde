import { ServiceError } from '../base/errors.ts';

export interface RateLimit {
  /** requests per window */
  max: number;
  windowMs: number;
}

export interface RateCount {
  /** the cost of the caller's requests in this window */
  count: number;
  isRefused: boolean;
  endsInMs: number;
}

/**
 * Counts the cost of each caller's requests in windows. A window that holds more than `max`, after a batch, lasts as many
 * times longer: a caller sends no more than `max` per `windowMs` over time, but a batch of any size passes.
 */
export interface RateLimitStore {
  /** Adds `cost`, or refuses and adds nothing if the count has reached `ceiling`. Never rejects. */
  add(caller: string, cost: number, ceiling: number): RateCount | Promise<RateCount>;
}

export interface RateUsage {
  remaining: number;
  /** until the window ends */
  resetSeconds: number;
  /** `rate-limited`, if the request must be refused */
  error: ServiceError | undefined;
}

/** One budget per caller, for HTTP and gRPC together. */
export class RateLimiter {
  readonly limit: RateLimit;
  readonly #store: RateLimitStore;
  #lastRefusal: ServiceError | undefined;

  constructor(limit: RateLimit, store: RateLimitStore) {
    this.limit = limit;
    this.#store = store;
  }

  /** Counts a request when it arrives. */
  count(caller: string): RateUsage | Promise<RateUsage> {
    return this.#usage(this.#store.add(caller, 1, this.limit.max));
  }

  /** Counts what a request, itself already counted, costs besides: the other orders of a batch. */
  countMore(caller: string, cost: number): RateUsage | Promise<RateUsage> {
    return this.#usage(this.#store.add(caller, cost, this.limit.max + 1));
  }

  #usage(counted: RateCount | Promise<RateCount>): RateUsage | Promise<RateUsage> {
    return counted instanceof Promise
      ? counted.then((count) => this.#usageOf(count))
      : this.#usageOf(counted);
  }

  #usageOf({ count, isRefused, endsInMs }: RateCount): RateUsage {
    const resetSeconds = Math.ceil(endsInMs / 1000);
    const error = isRefused ? this.#refusal(Math.max(1, resetSeconds)) : undefined;
    return { remaining: Math.max(0, this.limit.max - count), resetSeconds, error };
  }

  /** The error is shared: in a flood, to make one for each request would cost more than the rest of the refusal. */
  #refusal(retryAfter: number): ServiceError {
    if (this.#lastRefusal?.retryAfter === retryAfter) return this.#lastRefusal;
    const { max, windowMs } = this.limit;
    const detail = `At most ${max} requests per ${windowMs} ms are allowed; each order of a batch counts.`;
    this.#lastRefusal = new ServiceError('rate-limited', detail, { retryAfter });
    return this.#lastRefusal;
  }
}
