import { quantiles, rates, type Dashboard } from './panels.ts';

const OF_WRITERS = '{db_operation_name=~"load|save|loadDue|effectsOf"}';
const OF_READERS = '{db_operation_name=~"find|list|listSmall|history|changes"}';

/** The store, the embedded log and their disk. */
export const STORE: Dashboard = {
  uid: 'order-system-store',
  title: 'Orders: store and disk',
  description:
    'PostgreSQL or SQLite as the service sees it, the embedded event log, and the disk of DATA_DIR.',
  rows: [
    {
      title: 'Store',
      panels: [
        {
          title: 'Store reachable',
          description: '1: the store answers this replica.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'min by (instance) (orders_dependency_up{dependency="store"})' },
        },
        {
          title: 'Circuit of the store',
          description: '0 closed, 1 half-open, 2 open.',
          type: 'timeseries',
          unit: 'short',
          redFrom: 1,
          queries: { '{{instance}}': 'max by (instance) (orders_circuit_state{dependency="store"})' },
        },
        {
          title: 'Calls of the worker threads',
          description: 'By operation.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('db_client_operation_duration_seconds', {
            by: 'db_operation_name',
            selector: OF_WRITERS,
          }),
        },
        {
          title: 'Calls for requests',
          description: 'By operation.',
          type: 'timeseries',
          unit: 's',
          queries: quantiles('db_client_operation_duration_seconds', {
            by: 'db_operation_name',
            selector: OF_READERS,
          }),
        },
        {
          title: 'Calls a second',
          description: 'By operation.',
          type: 'timeseries',
          unit: 'reqps',
          queries: rates('db_client_operation_duration_seconds_count', 'db_operation_name'),
        },
        {
          title: 'Large responses',
          description: 'Bytes that their readers have not taken yet.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { '{{instance}}': 'max by (instance) (orders_response_bytes_in_flight)' },
        },
      ],
    },
    {
      title: 'Embedded log, SQLite and their disk',
      panels: [
        {
          title: 'Log accepts appends',
          description: '0: new orders get 503.',
          type: 'timeseries',
          unit: 'short',
          queries: { '{{instance}}': 'min by (instance) (orders_log_writable)' },
        },
        {
          title: 'Size of the embedded log',
          description: 'Without free pages; it refuses appends at its limit.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { 'used {{instance}}': 'max by (instance) (orders_log_size_bytes)' },
        },
        {
          title: 'Share of the limit of the log',
          description: 'The file refuses appends at 100 %.',
          type: 'timeseries',
          unit: 'percentunit',
          queries: { '{{instance}}': 'max by (instance) (orders_log_size_bytes / orders_log_limit_bytes)' },
        },
        {
          title: 'Write-ahead logs',
          description: 'They grow while something reads a database for long, such as a backup.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { '{{instance}} {{file}}': 'max by (instance, file) (orders_sqlite_wal_bytes)' },
        },
        {
          title: 'Free space',
          description: 'Of the disk of DATA_DIR.',
          type: 'timeseries',
          unit: 'bytes',
          queries: { '{{instance}}': 'min by (instance) (orders_data_disk_available_bytes)' },
        },
        {
          title: 'Free share',
          description: 'Below 10 %, DataDiskFull fires.',
          type: 'timeseries',
          unit: 'percentunit',
          queries: {
            '{{instance}}':
              'min by (instance) (orders_data_disk_available_bytes / orders_data_disk_size_bytes)',
          },
        },
      ],
    },
  ],
};
