import type { Definitions } from './define.ts';

const PARTITION = { partition: 'the number of the partition of `orders.commands`' } as const;

/**
 * Who this process is, and figures of the whole service, which every process that exports them reads from the log and the store:
 * take the maximum over all processes, not the sum.
 */
export const SERVICE_METRICS = {
  buildInfo: {
    type: 'gauge',
    name: 'order_system_build_info',
    unit: '1',
    help: 'Always 1; the labels tell the version.',
    labels: { version: 'the version', role: 'all, api, worker', node: 'the version of Node' },
  },
  ready: {
    type: 'gauge',
    name: 'orders_ready',
    unit: '1 or 0',
    help: 'Whether /readyz answers 200: 1 yes, 0 no.',
  },
  consumerLag: {
    type: 'gauge',
    name: 'orders_consumer_lag_records',
    unit: 'records',
    help: 'Records of a partition that are not processed yet.',
    labels: PARTITION,
  },
  oldestUnprocessedAge: {
    type: 'gauge',
    name: 'orders_oldest_unprocessed_age_seconds',
    unit: 'seconds',
    help: 'Age of the oldest record of a partition that is not processed yet; 0 if there is none.',
    labels: PARTITION,
  },
  retentionDistance: {
    type: 'gauge',
    name: 'orders_retention_distance_records',
    unit: 'records',
    help: 'Processed records of a partition that the log still has: at 0, retention reaches records that are not processed.',
    labels: PARTITION,
  },
  retryingOrders: {
    type: 'gauge',
    name: 'orders_retrying',
    startsUnset: true,
    unit: 'orders',
    help: 'Orders that wait for a retry, counted up to 10000. Not exported by workers.',
  },
  retryOverdue: {
    type: 'gauge',
    name: 'orders_oldest_due_retry_age_seconds',
    startsUnset: true,
    unit: 'seconds',
    help: 'How long ago the oldest retry that has not run was due; 0 if none is due. Not exported by workers.',
  },
  deadLetters: {
    type: 'gauge',
    name: 'orders_dead_letters',
    unit: 'dead letters',
    help: 'Unresolved dead letters, each count up to 10000. Not exported by workers.',
    labels: {
      reason:
        'record-undecodable, processor-failed, retries-exhausted, predecessor-failed, store-refused, replay-rejected',
      state: 'open, replaying, exhausted',
    },
  },
} as const satisfies Definitions;
