import { quantiles, type Dashboard } from './panels.ts';

const ACCEPT = '{http_request_method="POST",http_route="/v1/orders",http_response_status_code="202"}';

/** Where an order spends its time, step by step. */
export const ORDER_PATH: Dashboard = {
  uid: 'order-system-order-path',
  title: 'Orders: the path of one order',
  description: 'The steps of docs/architecture.md in their order, with the time that each takes.',
  rows: [
    {
      title: 'The whole path',
      panels: [
        {
          title: 'From accepted to confirmed',
          description: 'As a replica that tells watchers sees it.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('orders_accepted_to_confirmed_seconds'),
        },
        {
          title: 'From append to commit',
          description: 'From the record in the log to its effects in the store.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('orders_end_to_end_age_seconds'),
        },
      ],
    },
    {
      title: '1 Accept and append',
      panels: [
        {
          title: 'Until the 202',
          description: 'Includes the durable append to the event log.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('http_server_request_duration_seconds', { selector: ACCEPT }),
        },
        {
          title: 'Records waiting for the log',
          description: 'Appended and not yet acknowledged; at LOG_MAX_PENDING new orders get 503.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'max by (instance) (orders_pending_appends)' },
        },
      ],
    },
    {
      title: '2 Wait for a worker',
      panels: [
        {
          title: 'Oldest unprocessed record',
          description: 'By partition.',
          type: 'timeseries',
          unit: 's',
          redFrom: 60,
          queries: { 'partition {{partition}}': 'orders:oldest_unprocessed_age_seconds:max' },
        },
        {
          title: 'Records per batch',
          description: 'Large batches mean that the worker is behind.',
          type: 'timeseries',
          unit: 'short',
          queries: quantiles('orders_batch_records'),
        },
      ],
    },
    {
      title: '3 Process and save',
      panels: [
        {
          title: 'A batch',
          description: 'Processing and saving, with repeats.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('messaging_process_duration_seconds'),
        },
        {
          title: 'In the worker thread',
          description: 'By task.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('orders_thread_run_seconds', { by: 'task' }),
        },
        {
          title: 'Waiting for a worker thread',
          description: 'Normally next to nothing: a lane has one task at a time.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('orders_thread_wait_seconds'),
        },
        {
          title: 'Loading and saving',
          description: 'Calls of the store by the worker threads.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('db_client_operation_duration_seconds', {
            by: 'db_operation_name',
            selector: '{db_operation_name=~"load|save|loadDue"}',
          }),
        },
        {
          title: 'Slow calls of the processor',
          description: 'Detached from their batches; at most 48 per worker thread.',
          type: 'timeseries',
          unit: 'short',
          redFrom: 48,
          queries: { '{{instance}}': 'max by (instance) (orders_processor_calls_detached)' },
        },
        {
          title: 'Retries',
          description: 'Orders that wait for an attempt, and how late the oldest due one is.',
          type: 'timeseries',
          unit: 'short',
          queries: {
            waiting: 'max(orders_retrying)',
            'seconds overdue': 'max(orders_oldest_due_retry_age_seconds)',
          },
        },
      ],
    },
    {
      title: '4 Publish and tell',
      panels: [
        {
          title: 'Batches being published',
          description: 'At most two per lane.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'max by (instance) (orders_publish_queue_batches)' },
        },
        {
          title: 'From the decision to the replica that tells',
          description: 'Includes the difference of the clocks.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('orders_status_delay_seconds'),
        },
        {
          title: 'Watchers',
          description: 'Open streams by protocol.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{protocol}}': 'sum by (protocol) (orders_watchers)' },
        },
        {
          title: 'Readers that lag',
          description: 'Bytes that they do not take; at 64 MiB the slowest are cut off.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { '{{instance}}': 'max by (instance) (orders_lagging_reader_bytes)' },
        },
      ],
    },
    {
      title: '5 What failed for good',
      panels: [
        {
          title: 'New dead letters',
          description: 'By reason.',
          type: 'timeseries',
          unit: 'reqps',
          queries: { '{{reason}}': 'sum by (reason) (rate(orders_dead_lettered_total[$__rate_interval]))' },
        },
        {
          title: 'Unresolved dead letters',
          description: 'By reason and state.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{reason}} {{state}}': 'max by (reason, state) (orders_dead_letters) > 0' },
        },
      ],
    },
  ],
};
