import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../base/metrics.ts';
import type { HttpScope } from './http-scope.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `performance.now()` when the headers had been read */
    startedAt: number;
  }
}

type Histogram = Metrics['httpRequestDuration'];

/**
 * How long requests took until their answer began: a stream that lasts for hours is not a slow answer. Measured in
 * onSend, because an onResponse hook makes Fastify add two listeners to every answer.
 */
export class RequestDurations {
  readonly #histogram: Histogram;
  readonly #pending: PendingDurations[] = [];

  constructor(histogram: Histogram) {
    this.#histogram = histogram;
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
    const durations = new PendingDurations(this.#histogram.labels(method, route, String(status)));
    this.#pending.push(durations);
    return durations;
  }
}

const MAX_PENDING = 256;

/** Durations of one set of labels, handed on together: the histogram hashes its labels anew for each one. */
class PendingDurations {
  readonly #observer: { observe(seconds: number): void };
  readonly #seconds = new Float64Array(MAX_PENDING);
  #count = 0;

  constructor(observer: { observe(seconds: number): void }) {
    this.#observer = observer;
  }

  add(seconds: number): void {
    this.#seconds[this.#count] = seconds;
    this.#count += 1;
    if (this.#count === MAX_PENDING) this.flush();
  }

  flush(): void {
    for (const seconds of this.#seconds.subarray(0, this.#count)) this.#observer.observe(seconds);
    this.#count = 0;
  }
}
