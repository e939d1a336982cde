import { AGE_BUCKETS, DURATION_BUCKETS, type Definitions } from './define.ts';

const TASKS = 'batch, retry, claim, release, resetCrashCount, prepare';

/** Batches, retries and worker threads of this process. */
export const PROCESSING_METRICS = {
  batchesClosed: {
    type: 'counter',
    name: 'orders_batches_closed_total',
    unit: 'batches',
    help: 'Batches, by what closed them.',
    labels: { trigger: 'idle, size, bytes, age, turn' },
  },
  batchRecords: {
    type: 'histogram',
    name: 'orders_batch_records',
    unit: 'records',
    help: 'Records per batch.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
  },
  processDuration: {
    type: 'histogram',
    name: 'messaging_process_duration_seconds',
    unit: 'seconds',
    help: 'Duration of processing and saving a batch.',
    buckets: DURATION_BUCKETS,
  },
  endToEndAge: {
    type: 'histogram',
    name: 'orders_end_to_end_age_seconds',
    unit: 'seconds',
    help: 'Time from the append of a command record to the commit of its effects.',
    buckets: AGE_BUCKETS,
  },
  batchRetries: {
    type: 'counter',
    name: 'orders_batch_retries_total',
    unit: 'attempts',
    help: 'Retries of batches after a failure of the store, the event log or a worker thread.',
    labels: { error_type: 'the code of the error, see `src/base/error-table.ts`' },
  },
  recordsProcessed: {
    type: 'counter',
    name: 'orders_records_processed_total',
    unit: 'records',
    help: 'Command records, by outcome.',
    labels: {
      outcome: 'placed, moved, refused, retrying, dead-lettered, replay-failed, redelivered, unstored',
    },
  },
  deadLettersWritten: {
    type: 'counter',
    name: 'orders_dead_lettered_total',
    unit: 'dead letters',
    help: 'New dead letters, by reason.',
    labels: {
      reason:
        'record-undecodable, processor-failed, retries-exhausted, predecessor-failed, store-refused, replay-rejected',
    },
  },
  retries: {
    type: 'counter',
    name: 'orders_retries_total',
    unit: 'orders',
    help: 'Retried orders, by whether they completed or were rescheduled.',
    labels: { outcome: 'completed, rescheduled' },
  },
  deadLetterFloods: {
    type: 'counter',
    name: 'orders_dead_letter_floods_total',
    unit: 'batches',
    help: 'Times that the flood limit deferred records because too many would have become dead letters.',
  },
  retentionDeleted: {
    type: 'counter',
    name: 'orders_retention_deleted_total',
    unit: 'orders',
    help: 'Closed orders deleted because of ORDER_RETENTION_DAYS.',
  },
  deadLetterFlood: {
    type: 'gauge',
    name: 'orders_dead_letter_flood',
    unit: '1 or 0',
    help: 'Whether the flood limit defers records now: 1 yes, 0 no.',
  },
  partitionsAssigned: {
    type: 'gauge',
    name: 'orders_partitions_assigned',
    unit: 'partitions',
    help: 'Partitions of orders.commands that this process owns.',
  },
  partitionsIsolated: {
    type: 'gauge',
    name: 'orders_partitions_isolated',
    unit: 'partitions',
    help: 'Partitions whose orders are processed a few at a time, to find one that ends its process.',
  },
  processorCallsDetached: {
    type: 'gauge',
    name: 'orders_processor_calls_detached',
    unit: 'calls',
    help: 'Detached calls: slow processor calls that go on after their batch; at most 48 per worker thread.',
  },
  batchesPublishing: {
    type: 'gauge',
    name: 'orders_publish_queue_batches',
    unit: 'batches',
    help: 'Saved batches whose status changes are being published or wait for it; at most two per lane.',
  },
  threadWait: {
    type: 'histogram',
    name: 'orders_thread_wait_seconds',
    unit: 'seconds',
    help: 'Time that a task waited for a worker thread.',
    labels: { task: TASKS },
    buckets: DURATION_BUCKETS,
  },
  threadRun: {
    type: 'histogram',
    name: 'orders_thread_run_seconds',
    unit: 'seconds',
    help: 'Time that a task took in a worker thread.',
    labels: { task: TASKS },
    buckets: DURATION_BUCKETS,
  },
} as const satisfies Definitions;
