import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Exemplars, ExemplarSeries } from '../../base/exemplars.ts';
import type { Metrics } from '../../base/metrics.ts';
import { endHttpRequest, startHttpRequest } from '../../tracing/request-span.ts';
import type { Span } from '../../tracing/span.ts';
import type { Tracer } from '../../tracing/tracer.ts';
import type { HttpScope } from './http-scope.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `performance.now()` when the headers had been read */
    startedAt: number;
    /** undefined unless the request is traced */
    span: Span | undefined;
  }
}

type Histogram = Metrics['httpRequestDuration'];

export interface RequestTracing {
  tracer: Tracer;
  exemplars: Exemplars;
}

interface DurationObserver {
  observe(seconds: number): void;
}

/** Receives the durations of chosen requests, besides the histogram. */
export interface DurationListener {
  /** The observer of such requests; undefined to ignore them. */
  observerOf(method: string, route: string, status: number): DurationObserver | undefined;
}

/**
 * Measures requests up to the start of their response, so that a stream open for hours is not a slow response. The spans of
 * traced requests begin and end with the measurement.
 */
export class RequestDurations {
  readonly #histogram: Histogram;
  readonly #listener: DurationListener | undefined;
  readonly #tracing: RequestTracing | undefined;
  readonly #batches: DurationBatch[] = [];

  /** @param tracing undefined: tracing is off */
  constructor(histogram: Histogram, listener?: DurationListener, tracing?: RequestTracing) {
    this.#histogram = histogram;
    this.#listener = listener;
    this.#tracing = tracing;
  }

  /** Measures the routes added to the scope from now on. */
  measureRoutes(scope: HttpScope): void {
    scope.decorateRequest('startedAt', 0);
    scope.decorateRequest('span', undefined);
    const tracer = this.#tracing?.tracer;
    scope.addHook('onRequest', (request, _reply, done) => {
      request.startedAt = performance.now();
      if (tracer !== undefined) request.span = startHttpRequest(tracer, request.raw);
      done();
    });
    scope.addHook('onRoute', (route) => {
      const byStatus = new Map<number, DurationObserver[]>();
      const exemplars = new Map<number, ExemplarSeries | undefined>();
      const { url, method } = route;
      // In onSend, because an onResponse hook makes Fastify add two listeners to every response.
      const measure = (request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
        const status = reply.raw.statusCode;
        let observers = byStatus.get(status);
        if (observers === undefined) {
          observers = this.#observersOf(String(method), url, status);
          byStatus.set(status, observers);
        }
        const seconds = secondsSince(request.startedAt);
        for (const observer of observers) observer.observe(seconds);
        if (request.span !== undefined) {
          this.endSpan(request, url, status);
          if (!exemplars.has(status)) exemplars.set(status, this.#exemplarsOf(String(method), url, status));
          exemplars.get(status)?.add(seconds, request.span);
        }
        done();
      };
      route.onSend = [route.onSend ?? [], measure].flat();
    });
  }

  /** Ends the span of a request; call it where a response begins without `onSend`. Does nothing unless the request is traced. */
  endSpan({ span, method, raw }: FastifyRequest, route: string, status: number): void {
    if (span === undefined || this.#tracing === undefined) return;
    endHttpRequest(this.#tracing.tracer, span, { method, route, url: raw.url ?? '', status });
  }

  /** Unmatched requests have an empty route label: otherwise callers could create any number of labels. */
  countUnmatched(request: FastifyRequest, status: number): void {
    this.#histogram.observe(
      { http_request_method: request.method, http_route: '', http_response_status_code: status },
      secondsSince(request.startedAt),
    );
  }

  #exemplarsOf(method: string, route: string, status: number): ExemplarSeries | undefined {
    return this.#tracing?.exemplars.series('http_server_request_duration_seconds', {
      http_request_method: method,
      http_route: route,
      http_response_status_code: String(status),
    });
  }

  /** Completes the histogram; call it before reading. */
  flush(): void {
    for (const batch of this.#batches) batch.flush();
  }

  #observersOf(method: string, route: string, status: number): DurationObserver[] {
    const batch = new DurationBatch(this.#histogram.labels(method, route, String(status)));
    this.#batches.push(batch);
    const other = this.#listener?.observerOf(method, route, status);
    return other === undefined ? [batch] : [batch, other];
  }
}

const BATCH_SIZE = 256;

/**
 * Collects durations and passes them to the histogram in batches. The histogram hashes its labels each time, which takes
 * 4 µs between requests but 1 µs in a loop (measured with requests of 42 µs).
 */
class DurationBatch implements DurationObserver {
  readonly #histogram: DurationObserver;
  readonly #seconds = new Float64Array(BATCH_SIZE);
  #count = 0;

  constructor(histogram: DurationObserver) {
    this.#histogram = histogram;
  }

  observe(seconds: number): void {
    this.#seconds[this.#count] = seconds;
    this.#count += 1;
    if (this.#count === BATCH_SIZE) this.flush();
  }

  flush(): void {
    for (const seconds of this.#seconds.subarray(0, this.#count)) this.#histogram.observe(seconds);
    this.#count = 0;
  }
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
