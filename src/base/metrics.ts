import { AggregatorRegistry, collectDefaultMetrics } from 'prom-client';
import { Exemplars } from './exemplars.ts';
import { createInstruments, type Instruments } from './metrics/define.ts';
import { DEPENDENCY_METRICS } from './metrics/dependencies.ts';
import { PROCESSING_METRICS } from './metrics/processing.ts';
import { REQUEST_METRICS } from './metrics/requests.ts';
import { ScrapedRegistry } from './metrics/scrape.ts';
import { SERVICE_METRICS } from './metrics/service.ts';
import { WATCH_METRICS } from './metrics/watching.ts';

// prom-client continues as @prometheus-io/client, whose 0.16.1 needs Node 22 or later; our floor is Node 20.19.

export const METRICS = {
  ...SERVICE_METRICS,
  ...REQUEST_METRICS,
  ...WATCH_METRICS,
  ...PROCESSING_METRICS,
  ...DEPENDENCY_METRICS,
} as const;

/** All metrics of the process, and those that prom-client has of Node and the operating system. */
export interface Metrics extends Instruments<typeof METRICS> {
  registry: ScrapedRegistry;
  /** traces of the latency histograms */
  exemplars: Exemplars;
  /** labels that all its metrics have when it is one of several processes */
  ownLabels: Readonly<Record<string, string>>;
}

/** The values of all metrics of one process. */
export type MetricsSnapshot = Awaited<ReturnType<ScrapedRegistry['getMetricsAsJSON']>>;

/**
 * The metrics of several processes in Prometheus' text format. Their values must differ in a label, so that none is added to
 * another: a sum would fall when a process is replaced, and its gauges would mean nothing.
 */
export function mergeMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  const keepAll = (snapshot: MetricsSnapshot) =>
    snapshot.map((metric) => ({ ...metric, aggregator: 'first' as const }));
  return AggregatorRegistry.aggregate(snapshots.map(keepAll)).metrics();
}

/** One of several processes of a service. */
export interface OneOfSeveral {
  /** its value of the label `process` */
  number: number;
  allMetrics: () => Promise<string>;
}

/** The text has the metrics of all processes; the snapshot those of this one. */
class SharedRegistry extends ScrapedRegistry {
  readonly #allMetrics: () => Promise<string>;

  constructor({ number, allMetrics }: OneOfSeveral) {
    super();
    this.#allMetrics = allMetrics;
    this.setDefaultLabels({ process: String(number) });
  }

  override metrics(): Promise<string> {
    return this.#allMetrics();
  }
}

/** Gauges of prom-client with the suffix of counters. They are the sums of gauges that stay, such as `nodejs_active_handles`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** @param one undefined: the service has one process */
export function createMetrics(one?: OneOfSeveral): Metrics {
  const registry = one === undefined ? new ScrapedRegistry() : new SharedRegistry(one);
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const ownLabels: Metrics['ownLabels'] = one === undefined ? {} : { process: String(one.number) };
  return { ...createInstruments(METRICS, registry), registry, exemplars: new Exemplars(), ownLabels };
}
