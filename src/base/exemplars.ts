import type { SpanContext } from './trace-context.ts';

type Labels = Readonly<Record<string, string>>;

interface Exemplar {
  traceId: string;
  spanId: string;
  seconds: number;
  /** seconds since the epoch */
  at: number;
}

/** The exemplars of one histogram with one set of labels: the latest of each half power of two, which is finer than its buckets. */
export class ExemplarSeries {
  readonly #byMagnitude = new Map<number, Exemplar>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Only for traced requests and orders. */
  add(seconds: number, { traceId, spanId }: SpanContext): void {
    // Zero has no logarithm.
    const magnitude = Math.floor(2 * Math.log2(Math.max(seconds, 1e-6)));
    this.#byMagnitude.set(magnitude, { traceId, spanId, seconds, at: this.#clock() / 1_000 });
  }

  /** The latest one above `from` and up to `to`. */
  between(from: number, to: number): Exemplar | undefined {
    let found: Exemplar | undefined;
    for (const exemplar of this.#byMagnitude.values()) {
      const isInside = exemplar.seconds > from && exemplar.seconds <= to;
      if (isInside && (found === undefined || exemplar.at >= found.at)) found = exemplar;
    }
    return found;
  }
}

/**
 * Examples of traced requests and orders for the buckets of latency histograms. Kept here and not by the metrics library: it
 * writes no exemplars in the text format, and in the OpenMetrics format it renames counters for good.
 */
export class Exemplars {
  /** metric → labels → series */
  readonly #metrics = new Map<string, Map<string, ExemplarSeries>>();
  readonly #clock: () => number;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Keep the result if you need it often. @param labels of the histogram that is observed */
  series(metric: string, labels: Labels = {}): ExemplarSeries {
    let ofMetric = this.#metrics.get(metric);
    if (ofMetric === undefined) this.#metrics.set(metric, (ofMetric = new Map<string, ExemplarSeries>()));
    const key = keyOf(Object.entries(labels));
    let found = ofMetric.get(key);
    if (found === undefined) ofMetric.set(key, (found = new ExemplarSeries(this.#clock)));
    return found;
  }

  /** What follows a sample line of a bucket in OpenMetrics; empty if there is no exemplar. */
  textFor(
    metric: string,
    labels: readonly [name: string, value: string][],
    from: number,
    to: number,
  ): string {
    const exemplar = this.#metrics.get(metric)?.get(keyOf(labels))?.between(from, to);
    if (exemplar === undefined) return '';
    const { traceId, spanId, seconds, at } = exemplar;
    return ` # {trace_id="${traceId}",span_id="${spanId}"} ${seconds} ${at}`;
  }
}

function keyOf(labels: readonly [name: string, value: string][]): string {
  return labels
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
}
