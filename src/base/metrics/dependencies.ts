import { DURATION_BUCKETS, type Definitions } from './define.ts';

const DEPENDENCIES = { dependency: 'store, log' } as const;

/** The event log, the store and the disk, as this process sees them. */
export const DEPENDENCY_METRICS = {
  dependencyUp: {
    type: 'gauge',
    name: 'orders_dependency_up',
    unit: '1 or 0',
    help: 'Whether the dependency answers this process: 1 yes, 0 no.',
    labels: DEPENDENCIES,
  },
  circuitState: {
    type: 'gauge',
    name: 'orders_circuit_state',
    unit: '0, 1 or 2',
    help: 'State of the circuit breaker of a dependency: 0 closed, 1 half-open, 2 open.',
    labels: DEPENDENCIES,
  },
  storeDuration: {
    type: 'histogram',
    name: 'db_client_operation_duration_seconds',
    unit: 'seconds',
    help: 'Duration of calls of the store.',
    labels: {
      db_system_name: 'sqlite, postgresql',
      db_operation_name: 'the method, such as load, save, find, list',
    },
    buckets: DURATION_BUCKETS,
  },
  walBytes: {
    type: 'gauge',
    name: 'orders_sqlite_wal_bytes',
    unit: 'bytes',
    help: 'Size of the write-ahead log of an SQLite file.',
    labels: { file: 'orders.db, log.db' },
  },
  diskAvailable: {
    type: 'gauge',
    name: 'orders_data_disk_available_bytes',
    startsUnset: true,
    unit: 'bytes',
    help: 'Free space of the disk of DATA_DIR, for a process that keeps data there.',
  },
  diskSize: {
    type: 'gauge',
    name: 'orders_data_disk_size_bytes',
    startsUnset: true,
    unit: 'bytes',
    help: 'Size of the disk of DATA_DIR, for a process that keeps data there.',
  },
  logWritable: {
    type: 'gauge',
    name: 'orders_log_writable',
    unit: '1 or 0',
    help: 'Whether the event log accepts appends: 1 yes, 0 no.',
  },
  pendingAppends: {
    type: 'gauge',
    name: 'orders_pending_appends',
    unit: 'records',
    help: 'Records appended to the event log and not yet acknowledged.',
  },
  pendingAppendBytes: {
    type: 'gauge',
    name: 'orders_pending_append_bytes',
    unit: 'bytes',
    help: 'Bytes of the records appended to the event log and not yet acknowledged.',
  },
  logBytes: {
    type: 'gauge',
    name: 'orders_log_size_bytes',
    startsUnset: true,
    unit: 'bytes',
    help: 'Size of the records in the file of the embedded event log, without its free pages.',
  },
  logLimitBytes: {
    type: 'gauge',
    name: 'orders_log_limit_bytes',
    startsUnset: true,
    unit: 'bytes',
    help: 'Size at which the file of the embedded event log refuses appends.',
  },
  logRecordsCorrupt: {
    type: 'counter',
    name: 'orders_log_records_corrupt_total',
    unit: 'records',
    help: 'Records of the embedded event log that were corrupt on disk when they were due for deletion.',
  },
  logMismatches: {
    type: 'counter',
    name: 'orders_log_mismatches_total',
    unit: 'times',
    help: 'Times that the service stopped because the event log and the store do not belong together.',
  },
  spansLost: {
    type: 'counter',
    name: 'orders_trace_spans_lost_total',
    unit: 'spans',
    help: 'Spans that were not exported, because too many were waiting (queue) or the endpoint did not take them (export).',
    labels: { reason: 'queue, export' },
  },
  kafkaQueueRecords: {
    type: 'gauge',
    name: 'orders_kafka_producer_queue_records',
    startsUnset: true,
    unit: 'records',
    help: 'Records in the queues of the Kafka producer (librdkafka).',
  },
  kafkaQueueBytes: {
    type: 'gauge',
    name: 'orders_kafka_producer_queue_bytes',
    startsUnset: true,
    unit: 'bytes',
    help: 'Bytes in the queues of the Kafka producer (librdkafka).',
  },
} as const satisfies Definitions;
