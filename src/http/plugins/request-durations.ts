import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../../base/metrics.ts';
import type { HttpScope } from '../schemas/http-scope.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `performance.now()` when the headers had been read */
    startedAt: number;
  }
}

type Histogram = Metrics['httpRequestDuration'];

interface DurationObserver {
  observe(seconds: number): void;
}

/** Whoever else wants to know how long some requests took; it costs a request nothing. */
export interface DurationListener {
  /** Undefined for requests that are of no interest. */
  observerOf(method: string, route: string, status: number): DurationObserver | undefined;
  /** Is to be called before the listener looks at what it was told: the latest durations are handed on then. */
  beforeLooking(flush: () => void): void;
}

/**
 * How long requests took until their answer began: a stream that lasts for hours is not a slow answer. Measured in
 * onSend, because an onResponse hook makes Fastify add two listeners to every answer.
 */
export class RequestDurations {
  readonly #histogram: Histogram;
  readonly #listener: DurationListener | undefined;
  readonly #pending: PendingDurations[] = [];

  constructor(histogram: Histogram, listener?: DurationListener) {
    this.#histogram = histogram;
    this.#listener = listener;
    listener?.beforeLooking(() => this.flush());
  }

  /** Measures the routes that are added to the scope from now on. */
  measureRoutes(scope: HttpScope): void {
    scope.decorateRequest('startedAt', 0);
    scope.addHook('onRequest', (request, _reply, done) => {
      request.startedAt = performance.now();
      done();
    });
    scope.addHook('onRoute', (route) => {
      const byStatus = new Map<number, PendingDurations>();
      const { url, method } = route;
      const measure = (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
        const status = reply.raw.statusCode;
        let durations = byStatus.get(status);
        if (durations === undefined) {
          durations = this.#durationsOf(String(method), url, status);
          byStatus.set(status, durations);
        }
        durations.add((performance.now() - request.startedAt) / 1000);
        done();
      };
      route.onSend = [route.onSend ?? [], measure].flat();
    });
  }

  /** A request that met no route is not told apart by its path, of which there are as many as callers make up. */
  countUnmatched(request: FastifyRequest, status: number): void {
    this.#histogram.observe(
      { http_request_method: request.method, http_route: '', http_response_status_code: status },
      (performance.now() - request.startedAt) / 1000,
    );
  }

  /** Hands what is pending to the histogram; before it is read. */
  flush(): void {
    for (const durations of this.#pending) durations.flush();
  }

  #durationsOf(method: string, route: string, status: number): PendingDurations {
    const observers: DurationObserver[] = [this.#histogram.labels(method, route, String(status))];
    const other = this.#listener?.observerOf(method, route, status);
    if (other !== undefined) observers.push(other);
    const durations = new PendingDurations(observers);
    this.#pending.push(durations);
    return durations;
  }
}

const MAX_PENDING = 256;

/** Durations of one set of labels, handed on together: the histogram hashes its labels anew for each one. */
class PendingDurations {
  readonly #observers: readonly DurationObserver[];
  readonly #seconds = new Float64Array(MAX_PENDING);
  #count = 0;

  constructor(observers: readonly DurationObserver[]) {
    this.#observers = observers;
  }

  add(seconds: number): void {
    this.#seconds[this.#count] = seconds;
    this.#count += 1;
    if (this.#count === MAX_PENDING) this.flush();
  }

  flush(): void {
    for (const observer of this.#observers) {
      for (const seconds of this.#seconds.subarray(0, this.#count)) observer.observe(seconds);
    }
    this.#count = 0;
  }
}
