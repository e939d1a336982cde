import { rates, type Dashboard } from './panels.ts';

const ACCEPT = '{http_request_method="POST",http_route="/v1/orders"}';

/** Whether the service works, and if not, which part fails. */
export const OVERVIEW: Dashboard = {
  uid: 'order-system-overview',
  title: 'Orders: overview',
  description: 'Whether orders are accepted, processed and told, and the state of what that needs.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Accepted a second',
          description: 'Orders acknowledged with 202.',
          type: 'stat',
          unit: 'reqps',
          queries: { accepted: 'sum(rate(orders_acknowledged_total[$__rate_interval]))' },
        },
        {
          title: 'Oldest unprocessed',
          description: 'Age of the oldest order that no worker has processed.',
          type: 'stat',
          unit: 's',
          redFrom: 60,
          queries: { age: 'max(orders_oldest_unprocessed_age_seconds)' },
        },
        {
          title: 'Unprocessed records',
          description: 'Consumer lag of all partitions.',
          type: 'stat',
          unit: 'short',
          redFrom: 1000,
          queries: { lag: 'orders:consumer_lag_records:sum' },
        },
        {
          title: 'Unresolved dead letters',
          description:
            'Records that failed for good and were neither replayed nor discarded; each reason is counted up to 10000.',
          type: 'stat',
          unit: 'short',
          redFrom: 1,
          queries: { 'dead letters': 'sum(max by (reason, state) (orders_dead_letters))' },
        },
        {
          title: 'Retrying orders',
          description: 'Orders that wait for their next attempt, up to 10000.',
          type: 'stat',
          unit: 'short',
          queries: { retrying: 'max(orders_retrying)' },
        },
        {
          title: 'Replicas up',
          description: 'Replicas that answer Prometheus.',
          type: 'stat',
          unit: 'short',
          queries: { up: 'count(up{job="order-system"} == 1)' },
        },
        {
          title: 'Replicas not ready',
          description: 'Replicas whose /readyz is 503.',
          type: 'stat',
          unit: 'short',
          redFrom: 1,
          queries: { 'not ready': 'count(orders_ready == 0) or vector(0)' },
        },
        {
          title: 'Open circuits',
          description: 'Circuit breakers that are not closed.',
          type: 'stat',
          unit: 'short',
          redFrom: 1,
          queries: { open: 'count(orders_circuit_state > 0) or vector(0)' },
        },
      ],
    },
    {
      title: 'Objectives: share of events that missed them (the last hour)',
      panels: [
        {
          title: 'Orders refused or unanswered',
          description: 'Objective: at most 0.1 %.',
          type: 'stat',
          unit: 'percentunit',
          redFrom: 0.001,
          queries: { errors: 'slo:accept_errors:ratio_rate1h' },
        },
        {
          title: 'Accepted after more than 250 ms',
          description: 'Objective: at most 1 %.',
          type: 'stat',
          unit: 'percentunit',
          redFrom: 0.01,
          queries: { slow: 'slo:accept_slow:ratio_rate1h' },
        },
        {
          title: 'Confirmed after more than 5 s',
          description: 'Objective: at most 1 %.',
          type: 'stat',
          unit: 'percentunit',
          redFrom: 0.01,
          queries: { slow: 'slo:confirm_slow:ratio_rate1h' },
        },
        {
          title: 'Told after more than 1 s',
          description: 'Objective: at most 1 %.',
          type: 'stat',
          unit: 'percentunit',
          redFrom: 0.01,
          queries: { late: 'slo:told_late:ratio_rate1h' },
        },
      ],
    },
    {
      title: 'Traffic',
      panels: [
        {
          title: 'Answers to POST /v1/orders',
          description: 'By status.',
          type: 'timeseries',
          unit: 'reqps',
          queries: rates('http_server_request_duration_seconds_count', 'http_response_status_code', ACCEPT),
        },
        {
          title: 'Records processed',
          description: 'By outcome.',
          type: 'timeseries',
          unit: 'reqps',
          queries: rates('orders_records_processed_total', 'outcome'),
        },
        {
          title: 'Requests refused',
          description: 'By reason: overload, rate limits, credentials.',
          type: 'timeseries',
          unit: 'reqps',
          queries: rates('orders_requests_refused_total', 'reason'),
        },
        {
          title: 'gRPC calls',
          description: 'By status code.',
          type: 'timeseries',
          unit: 'reqps',
          queries: rates('grpc_server_handled_total', 'grpc_code'),
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'CPU',
          description: 'Cores in use.',
          type: 'timeseries',
          unit: 'short',
          queries: {
            '{{instance}}': 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))',
          },
        },
        {
          title: 'Memory',
          description: 'Resident set.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { '{{instance}}': 'sum by (instance) (process_resident_memory_bytes)' },
        },
        {
          title: 'Event-loop delay',
          description: 'The 99th percentile.',
          type: 'timeseries',
          unit: 's',
          queries: { '{{instance}}': 'max by (instance) (nodejs_eventloop_lag_p99_seconds)' },
        },
        {
          title: 'Versions',
          description: 'Replicas by version: two during a rolling upgrade.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{version}} {{role}}': 'count by (version, role) (order_system_build_info)' },
        },
      ],
    },
  ],
};
