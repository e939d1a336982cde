import { AGE_BUCKETS, type Definitions } from './define.ts';

/** Watchers, and the delay until they are told. */
export const WATCH_METRICS = {
  watchers: {
    type: 'gauge',
    name: 'orders_watchers',
    unit: 'streams',
    help: 'Open streams of status changes.',
    labels: { protocol: 'http, grpc' },
  },
  watchPlaces: {
    type: 'gauge',
    name: 'orders_watch_places_in_use',
    unit: 'places',
    help: 'Places for watchers in use: by streams, and by requests that wait for their orders.',
    labels: { kind: 'stream, wait' },
  },
  watchesRefused: {
    type: 'counter',
    name: 'orders_watches_refused_total',
    unit: 'watches',
    help: 'Watches refused because the caller has all its places, or because all places are taken.',
    labels: { kind: 'stream, wait', reason: 'caller, total' },
  },
  laggingReaderBytes: {
    type: 'gauge',
    name: 'orders_lagging_reader_bytes',
    unit: 'bytes',
    help: 'Bytes written to streams whose readers do not take them.',
  },
  watchesCutOff: {
    type: 'counter',
    name: 'orders_watches_cut_off_total',
    unit: 'streams',
    help: 'Streams ended because the reader lagged too far behind, or because all lagging readers held too many bytes.',
    labels: { reason: 'lag, bytes' },
  },
  statusDelay: {
    type: 'histogram',
    name: 'orders_status_delay_seconds',
    unit: 'seconds',
    help: 'Time from the decision of a status change until a replica has it for its watchers. Each replica counts every change.',
    buckets: AGE_BUCKETS,
  },
  acceptedToConfirmed: {
    type: 'histogram',
    name: 'orders_accepted_to_confirmed_seconds',
    unit: 'seconds',
    help: 'Time from accepting an order until a replica hears that it is confirmed. Each replica counts every order.',
    buckets: AGE_BUCKETS,
  },
} as const satisfies Definitions;
