import type { Dashboard } from './panels.ts';

/** The event log as the service sees it. It needs no exporter of Kafka. */
export const KAFKA: Dashboard = {
  uid: 'order-system-kafka',
  title: 'Orders: Kafka',
  description:
    'Lag, retention, partitions and the producer, as the service sees them. For brokers, use an exporter of Kafka.',
  rows: [
    {
      title: 'Consumers',
      panels: [
        {
          title: 'Consumer lag',
          description: 'Records that are not processed, by partition.',
          type: 'timeseries',
          unit: 'short',
          queries: { 'partition {{partition}}': 'orders:consumer_lag_records:max' },
        },
        {
          title: 'Oldest unprocessed record',
          description: 'By partition.',
          type: 'timeseries',
          unit: 's',
          redFrom: 60,
          queries: { 'partition {{partition}}': 'orders:oldest_unprocessed_age_seconds:max' },
        },
        {
          title: 'Distance of retention',
          description:
            'Processed records that the log still has. At 0, Kafka deletes records that are not processed.',
          type: 'timeseries',
          unit: 'short',
          queries: { 'partition {{partition}}': 'orders:retention_distance_records:min' },
        },
        {
          title: 'Partitions by worker',
          description: 'Together they must be all.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'sum by (instance) (orders_partitions_assigned)' },
        },
        {
          title: 'Isolated partitions',
          description: 'Above 0 after a process was killed twice in a row.',
          type: 'timeseries',
          unit: 'short',
          redFrom: 1,
          queries: { '{{instance}}': 'max by (instance) (orders_partitions_isolated)' },
        },
        {
          title: 'Repeated batches',
          description: 'By the error that made a repeat necessary.',
          type: 'timeseries',
          unit: 'reqps',
          queries: {
            '{{error_type}}': 'sum by (error_type) (rate(orders_batch_retries_total[$__rate_interval]))',
          },
        },
      ],
    },
    {
      title: 'Producer',
      panels: [
        {
          title: 'Brokers reachable',
          description: '1: the log answers this replica.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'min by (instance) (orders_dependency_up{dependency="log"})' },
        },
        {
          title: 'Circuit of the log',
          description: '0 closed, 1 half-open, 2 open.',
          type: 'timeseries',
          unit: 'short',
          redFrom: 1,
          queries: { '{{instance}}': 'max by (instance) (orders_circuit_state{dependency="log"})' },
        },
        {
          title: 'Records waiting for acknowledgement',
          description: 'In the service, and in the queue of librdkafka.',
          type: 'timeseries',
          unit: 'short',
          queries: {
            'service {{instance}}': 'max by (instance) (orders_pending_appends)',
            'librdkafka {{instance}}': 'max by (instance) (orders_kafka_producer_queue_records)',
          },
        },
        {
          title: 'Bytes waiting for acknowledgement',
          description: 'In the service, and in the queue of librdkafka.',
          type: 'timeseries',
          unit: 'bytes',
          queries: {
            'service {{instance}}': 'max by (instance) (orders_pending_append_bytes)',
            'librdkafka {{instance}}': 'max by (instance) (orders_kafka_producer_queue_bytes)',
          },
        },
      ],
    },
  ],
};
