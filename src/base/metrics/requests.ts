import { DURATION_BUCKETS, type Definitions } from './define.ts';

/** Requests of callers, and what protects callers from each other. */
export const REQUEST_METRICS = {
  httpRequestDuration: {
    type: 'histogram',
    name: 'http_server_request_duration_seconds',
    unit: 'seconds',
    help: 'Duration of HTTP requests.',
    labels: {
      http_request_method: 'the method',
      http_route: 'the route, such as `/v1/orders/:id`; empty for unknown paths',
      http_response_status_code: 'the status',
    },
    buckets: DURATION_BUCKETS,
  },
  // The names of go-grpc-middleware, which gRPC dashboards expect.
  grpcStarted: {
    type: 'counter',
    name: 'grpc_server_started_total',
    unit: 'calls',
    help: 'RPCs started on the server.',
    labels: { grpc_service: 'the service', grpc_method: 'the method' },
  },
  grpcHandled: {
    type: 'counter',
    name: 'grpc_server_handled_total',
    unit: 'calls',
    help: 'RPCs completed on the server, by status code.',
    labels: { grpc_service: 'the service', grpc_method: 'the method', grpc_code: 'the status code' },
  },
  grpcOpenStreams: {
    type: 'gauge',
    name: 'grpc_server_open_streams',
    unit: 'streams',
    help: 'Open server streams.',
    labels: { grpc_service: 'the service', grpc_method: 'the method' },
  },
  requestsRefused: {
    type: 'counter',
    name: 'orders_requests_refused_total',
    unit: 'requests',
    help: 'Requests and calls refused to protect other callers, or because of who sent them, by reason.',
    labels: {
      protocol: 'http, grpc',
      reason: 'rate-limited, overloaded, streams, incomplete, unauthenticated, scope-missing, access-denied',
    },
  },
  connectionsRefused: {
    type: 'counter',
    name: 'orders_connections_refused_total',
    unit: 'connections',
    help: 'Connections refused or closed to protect other callers, by the limit that they exceeded.',
    labels: { protocol: 'http, grpc', reason: 'total, address, streams' },
  },
  identityKeyReads: {
    type: 'counter',
    name: 'orders_identity_key_reads_total',
    unit: 'reads',
    help: 'Reads of the public keys of the token issuer, by outcome.',
    labels: { outcome: 'succeeded, failed' },
  },
  ordersAcknowledged: {
    type: 'counter',
    name: 'orders_acknowledged_total',
    unit: 'orders',
    help: 'Orders acknowledged after the event log held them durably.',
  },
  responseBytes: {
    type: 'gauge',
    name: 'orders_response_bytes_in_flight',
    unit: 'bytes',
    help: 'Bytes of large responses that their readers have not taken yet.',
  },
  responsesRefused: {
    type: 'counter',
    name: 'orders_responses_refused_total',
    unit: 'responses',
    help: 'Large responses refused because the caller, or all callers in total, have too many bytes in flight.',
    labels: { reason: 'caller, total' },
  },
  pagesRefused: {
    type: 'counter',
    name: 'orders_pages_refused_total',
    unit: 'pages',
    help: 'Pages of lists refused because too many pages of the caller, or of all callers in total, wait.',
    labels: { reason: 'caller, total' },
  },
  responsesCutOff: {
    type: 'counter',
    name: 'orders_responses_cut_off_total',
    unit: 'responses',
    help: 'Connections and gRPC calls closed because the reader took nothing of a response for too long.',
  },
} as const satisfies Definitions;
