import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every instrument of the process; names follow the OpenTelemetry semantic conventions where there is one. */
export interface Metrics {
  registry: Registry;
  /** seconds; labels http_request_method, http_route, http_response_status_code */
  httpRequestDuration: Histogram<'http_request_method' | 'http_route' | 'http_response_status_code'>;
  grpcStarted: Counter<'grpc_service' | 'grpc_method'>;
  grpcHandled: Counter<'grpc_service' | 'grpc_method' | 'grpc_code'>;
  grpcOpenStreams: Gauge<'grpc_service' | 'grpc_method'>;
  ordersAcknowledged: Counter;
  /** batches by what closed them: idle | size | bytes | age | turn */
  batchesClosed: Counter<'trigger'>;
  batchRecords: Histogram;
  /** seconds from dispatch to saved */
  processDuration: Histogram;
  /** seconds from the log's timestamp to saved */
  endToEndAge: Histogram;
  batchRetries: Counter<'error_type'>;
  recordsProcessed: Counter<'outcome'>;
  /** retrying orders that were tried again: completed | rescheduled */
  retries: Counter<'outcome'>;
  /** 0 closed, 1 half-open, 2 open; dependency: store | log */
  circuitState: Gauge<'dependency'>;
  deadLetterFloods: Counter;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    httpRequestDuration: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    // The names that the tools around gRPC know (go-grpc-middleware and its kin).
    grpcStarted: new Counter({
      name: 'grpc_server_started_total',
      help: 'RPCs that began.',
      labelNames: ['grpc_service', 'grpc_method'],
      registers,
    }),
    grpcHandled: new Counter({
      name: 'grpc_server_handled_total',
      help: 'RPCs that ended, by their status code.',
      labelNames: ['grpc_service', 'grpc_method', 'grpc_code'],
      registers,
    }),
    grpcOpenStreams: new Gauge({
      name: 'grpc_server_open_streams',
      help: 'Server streams that go on.',
      labelNames: ['grpc_service', 'grpc_method'],
      registers,
    }),
    ordersAcknowledged: new Counter({
      name: 'orders_acknowledged_total',
      help: 'Orders that the event log holds durably and whose callers were told so.',
      registers,
    }),
    batchesClosed: new Counter({
      name: 'orders_batches_closed_total',
      help: 'Batches by what closed them.',
      labelNames: ['trigger'],
      registers,
    }),
    batchRecords: new Histogram({
      name: 'orders_batch_records',
      help: 'Records a batch.',
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
      help: 'Age of a record, from the event log taking it to its effects being saved.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    batchRetries: new Counter({
      name: 'orders_batch_retries_total',
      help: 'Batches that were tried again because something they need was not there.',
      labelNames: ['error_type'],
      registers,
    }),
    retries: new Counter({
      name: 'orders_retries_total',
      help: 'Retrying orders that were tried again, by whether they are done with or wait on.',
      labelNames: ['outcome'],
      registers,
    }),
    recordsProcessed: new Counter({
      name: 'orders_records_processed_total',
      help: 'Command records by what became of them.',
      labelNames: ['outcome'],
      registers,
    }),
    circuitState: new Gauge({
      name: 'orders_circuit_state',
      help: 'The circuit to a dependency: 0 closed, 1 half-open, 2 open.',
      labelNames: ['dependency'],
      registers,
    }),
    deadLetterFloods: new Counter({
      name: 'orders_dead_letter_floods_total',
      help: 'Batches that were held back because too large a share of the records would have become dead letters.',
      registers,
    }),
  };
}
