import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One metric. Names and units follow Prometheus; where OpenTelemetry has a semantic convention, its name is used. */
export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  /** what a value counts: `seconds` and `bytes` are in the name, others (such as `records`) are not units of Prometheus */
  readonly unit: string;
  readonly help: string;
  /** label → its values, for people. Every label has few values: no ids, addresses or texts of callers. */
  readonly labels?: Readonly<Record<string, string>>;
  /** a gauge without labels that has no value, instead of 0, until one is set: not every process has one */
  readonly startsUnset?: true;
  /** upper bounds, for a histogram */
  readonly buckets?: readonly number[];
}

export type Definitions = Readonly<Record<string, Definition>>;

type LabelsOf<D> = D extends { labels: infer L } ? Extract<keyof L, string> : string;

type Instrument<D extends Definition> = D['type'] extends 'counter'
  ? Counter<LabelsOf<D>>
  : D['type'] extends 'gauge'
    ? Gauge<LabelsOf<D>>
    : Histogram<LabelsOf<D>>;

export type Instruments<T extends Definitions> = { readonly [K in keyof T]: Instrument<T[K]> };

/** Creates the metrics of a table in a registry. */
export function createInstruments<T extends Definitions>(definitions: T, registry: Registry): Instruments<T> {
  const instruments = Object.entries(definitions).map(([key, definition]) => [
    key,
    createInstrument(definition, registry),
  ]);
  return Object.fromEntries(instruments) as Instruments<T>;
}

function createInstrument(
  { type, name, help, labels = {}, startsUnset, buckets = [] }: Definition,
  registry: Registry,
): Counter | Gauge | Histogram {
  const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (type === 'counter') return new Counter(common);
  if (type === 'gauge') {
    const gauge = new Gauge(common);
    if (startsUnset === true) gauge.remove();
    return gauge;
  }
  return new Histogram({ ...common, buckets: [...buckets] });
}

/** From 1 ms to 10 s: durations of requests, batches and calls of the store. */
export const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** From 5 ms to half an hour: how long an order waits. */
export const AGE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
] as const;
