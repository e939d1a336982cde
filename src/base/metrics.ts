import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Exemplars } from './exemplars.ts';

/** All metrics of the process. Names follow the OpenTelemetry semantic conventions where there are any. */
export interface Metrics {
  registry: Registry;
  /** traces of the latency histograms */
  exemplars: Exemplars;
  /** labels that all its metrics have when it is one of several processes */
  ownLabels: Readonly<Record<string, string>>;
  /** seconds; labels http_request_method, http_route, http_response_status_code */
  httpRequestDuration: Histogram<'http_request_method' | 'http_route' | 'http_response_status_code'>;
  grpcStarted: Counter<'grpc_service' | 'grpc_method'>;
  grpcHandled: Counter<'grpc_service' | 'grpc_method' | 'grpc_code'>;
  grpcOpenStreams: Gauge<'grpc_service' | 'grpc_method'>;
  /** protocol: http | grpc; reason: rate-limited | overloaded | streams */
  requestsRefused: Counter<'protocol' | 'reason'>;
  /** protocol: http | grpc; reason: total | address | streams */
  connectionsRefused: Counter<'protocol' | 'reason'>;
  /** outcome: succeeded | failed */
  identityKeyReads: Counter<'outcome'>;
  ordersAcknowledged: Counter;
  /** trigger: idle | size | bytes | age | turn */
  batchesClosed: Counter<'trigger'>;
  batchRecords: Histogram;
  /** seconds */
  processDuration: Histogram;
  /** seconds */
  endToEndAge: Histogram;
  batchRetries: Counter<'error_type'>;
  logRecordsCorrupt: Counter;
  /** outcome: placed | moved | refused | retrying | dead-lettered | replay-failed | redelivered | unstored */
  recordsProcessed: Counter<'outcome'>;
  /** outcome: completed | rescheduled */
  retries: Counter<'outcome'>;
  /** 0 closed, 1 half-open, 2 open; dependency: store | log */
  circuitState: Gauge<'dependency'>;
  deadLetterFloods: Counter;
  processorCallsDetached: Gauge;
  partitionsIsolated: Gauge;
  logMismatches: Counter;
  responseBytes: Gauge;
  /** reason: caller | total */
  responsesRefused: Counter<'reason'>;
  /** reason: caller | total */
  pagesRefused: Counter<'reason'>;
  responsesCutOff: Counter;
  /** kind: stream | wait */
  watchPlaces: Gauge<'kind'>;
  /** reason: caller | total */
  watchesRefused: Counter<'kind' | 'reason'>;
  laggingReaderBytes: Gauge;
  /** reason: lag | bytes */
  watchesCutOff: Counter<'reason'>;
  /** reason: queue | export */
  spansLost: Counter<'reason'>;
}

/** The values of all metrics of one process. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

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
class SharedRegistry extends Registry {
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

/**
 * @param isLogWritable false while the event log refuses appends
 * @param one undefined: the service has one process
 */
export function createMetrics(isLogWritable: () => boolean = () => true, one?: OneOfSeveral): Metrics {
  const registry = one === undefined ? new Registry() : new SharedRegistry(one);
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'orders_log_writable',
    help: 'Whether the event log accepts appends: 1 yes, 0 no.',
    registers,
    collect() {
      this.set(isLogWritable() ? 1 : 0);
    },
  });
  return {
    registry,
    exemplars: new Exemplars(),
    ownLabels: one === undefined ? {} : { process: String(one.number) },
    httpRequestDuration: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    // The names of go-grpc-middleware, which gRPC dashboards expect.
    grpcStarted: new Counter({
      name: 'grpc_server_started_total',
      help: 'RPCs started on the server.',
      labelNames: ['grpc_service', 'grpc_method'],
      registers,
    }),
    grpcHandled: new Counter({
      name: 'grpc_server_handled_total',
      help: 'RPCs completed on the server, by status code.',
      labelNames: ['grpc_service', 'grpc_method', 'grpc_code'],
      registers,
    }),
    grpcOpenStreams: new Gauge({
      name: 'grpc_server_open_streams',
      help: 'Open server streams.',
      labelNames: ['grpc_service', 'grpc_method'],
      registers,
    }),
    requestsRefused: new Counter({
      name: 'orders_requests_refused_total',
      help: 'Requests and calls refused to protect other callers, or because of who sent them, by reason.',
      labelNames: ['protocol', 'reason'],
      registers,
    }),
    connectionsRefused: new Counter({
      name: 'orders_connections_refused_total',
      help: 'Connections refused or closed to protect other callers, by the limit that they exceeded.',
      labelNames: ['protocol', 'reason'],
      registers,
    }),
    identityKeyReads: new Counter({
      name: 'orders_identity_key_reads_total',
      help: 'Reads of the public keys of the token issuer, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    ordersAcknowledged: new Counter({
      name: 'orders_acknowledged_total',
      help: 'Orders acknowledged after the event log held them durably.',
      registers,
    }),
    batchesClosed: new Counter({
      name: 'orders_batches_closed_total',
      help: 'Batches, by what closed them.',
      labelNames: ['trigger'],
      registers,
    }),
    batchRecords: new Histogram({
      name: 'orders_batch_records',
      help: 'Records per batch.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      registers,
    }),
    processDuration: new Histogram({
      name: 'messaging_process_duration_seconds',
      help: 'Duration of processing and saving a batch.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    endToEndAge: new Histogram({
      name: 'orders_end_to_end_age_seconds',
      help: 'Time from the append of a command record to the commit of its effects.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    batchRetries: new Counter({
      name: 'orders_batch_retries_total',
      help: 'Retries of batches after a failure of the store, the event log or a worker thread.',
      labelNames: ['error_type'],
      registers,
    }),
    logRecordsCorrupt: new Counter({
      name: 'orders_log_records_corrupt_total',
      help: 'Records of the embedded event log that were corrupt on disk when they were due for deletion.',
      registers,
    }),
    retries: new Counter({
      name: 'orders_retries_total',
      help: 'Retried orders, by whether they completed or were rescheduled.',
      labelNames: ['outcome'],
      registers,
    }),
    recordsProcessed: new Counter({
      name: 'orders_records_processed_total',
      help: 'Command records, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    circuitState: new Gauge({
      name: 'orders_circuit_state',
      help: 'State of the circuit breaker of a dependency: 0 closed, 1 half-open, 2 open.',
      labelNames: ['dependency'],
      registers,
    }),
    logMismatches: new Counter({
      name: 'orders_log_mismatches_total',
      help: 'Times that the service stopped because the event log and the store do not belong together.',
      registers,
    }),
    deadLetterFloods: new Counter({
      name: 'orders_dead_letter_floods_total',
      help: 'Times that the flood limit deferred records because too many would have become dead letters.',
      registers,
    }),
    partitionsIsolated: new Gauge({
      name: 'orders_partitions_isolated',
      help: 'Partitions whose orders are processed a few at a time, to find one that ends its process.',
      registers,
    }),
    responseBytes: new Gauge({
      name: 'orders_response_bytes_in_flight',
      help: 'Bytes of large responses that their readers have not taken yet.',
      registers,
    }),
    responsesRefused: new Counter({
      name: 'orders_responses_refused_total',
      help: 'Large responses refused because the caller, or all callers in total, have too many bytes in flight.',
      labelNames: ['reason'],
      registers,
    }),
    pagesRefused: new Counter({
      name: 'orders_pages_refused_total',
      help: 'Pages of lists refused because too many pages of the caller, or of all callers in total, wait.',
      labelNames: ['reason'],
      registers,
    }),
    responsesCutOff: new Counter({
      name: 'orders_responses_cut_off_total',
      help: 'Connections and gRPC calls closed because the reader took nothing of a response for too long.',
      registers,
    }),
    watchPlaces: new Gauge({
      name: 'orders_watch_places_in_use',
      help: 'Places for watchers in use: by streams, and by requests that wait for their orders.',
      labelNames: ['kind'],
      registers,
    }),
    watchesRefused: new Counter({
      name: 'orders_watches_refused_total',
      help: 'Watches refused because the caller has all its places, or because all places are taken.',
      labelNames: ['kind', 'reason'],
      registers,
    }),
    laggingReaderBytes: new Gauge({
      name: 'orders_lagging_reader_bytes',
      help: 'Bytes written to streams whose readers do not take them.',
      registers,
    }),
    watchesCutOff: new Counter({
      name: 'orders_watches_cut_off_total',
      help: 'Streams ended because the reader lagged too far behind, or because all lagging readers held too many bytes.',
      labelNames: ['reason'],
      registers,
    }),
    spansLost: new Counter({
      name: 'orders_trace_spans_lost_total',
      help: 'Spans that were not exported, because too many were waiting (queue) or the endpoint did not take them (export).',
      labelNames: ['reason'],
      registers,
    }),
    processorCallsDetached: new Gauge({
      name: 'orders_processor_calls_detached',
      help: 'Detached calls: slow processor calls that go on after their batch; at most 48 per worker thread.',
      registers,
    }),
  };
}
