import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../../base/metrics.ts';
import type { HttpScope } from './http-scope.ts';

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

/** Also wants the durations of some requests. */
export interface DurationListener {
  /** Undefined for requests that it does not want. */
  observerOf(method: string, route: string, status: number): DurationObserver | undefined;
}

/** Measures requests until their response begins, so that a stream of hours is not a slow response. */
export class RequestDurations {
  readonly #histogram: Histogram;
  readonly #listener: DurationListener | undefined;

  constructor(histogram: Histogram, listener?: DurationListener) {
    this.#histogram = histogram;
    this.#listener = listener;
  }

  /** Measures the routes that are added to the scope from now on. */
  measureRoutes(scope: HttpScope): void {
    scope.decorateRequest('startedAt', 0);
    scope.addHook('onRequest', (request, _reply, done) => {
      request.startedAt = performance.now();
      done();
    });
    scope.addHook('onRoute', (route) => {
      const byStatus = new Map<number, DurationObserver[]>();
      const { url, method } = route;
      // In onSend, because an onResponse hook makes Fastify add two listeners to every response.
      const measure = (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
        const status = reply.raw.statusCode;
        let observers = byStatus.get(status);
        if (observers === undefined) {
          observers = this.#observersOf(String(method), url, status);
          byStatus.set(status, observers);
        }
        for (const observer of observers) observer.observe(secondsSince(request.startedAt));
        done();
      };
      route.onSend = [route.onSend ?? [], measure].flat();
    });
  }

  /** A request that matched no route has no route label: callers would invent any number of them. */
  countUnmatched(request: FastifyRequest, status: number): void {
    this.#histogram.observe(
      { http_request_method: request.method, http_route: '', http_response_status_code: status },
      secondsSince(request.startedAt),
    );
  }

  #observersOf(method: string, route: string, status: number): DurationObserver[] {
    const observers: DurationObserver[] = [this.#histogram.labels(method, route, String(status))];
    const other = this.#listener?.observerOf(method, route, status);
    return other === undefined ? observers : [...observers, other];
  }
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
