/** Status codes of gRPC by name, https://grpc.io/docs/guides/status-codes/ */
export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'UNIMPLEMENTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL';

export interface ErrorRow {
  title: string;
  httpStatus: number;
  grpcStatus: GrpcStatus;
  /** the same attempt may succeed later */
  transient: boolean;
  /** seconds after which the caller may repeat the request; undefined if the error is permanent or internal */
  retryAfter: number | undefined;
  /** the pipeline's reaction to a step that fails with it: retry the step until it works, or stop the service */
  reaction: 'retry' | 'fatal';
  /** whose circuit breaker counts it */
  countsAgainst: 'store' | 'log' | 'none';
}

/** First half of the error table: errors that callers may see, over HTTP and gRPC. */
export const CALLER_ERRORS = {
  'malformed-json': permanent('The body is not valid JSON', 400, 'INVALID_ARGUMENT'),
  'validation-failed': permanent('The request does not match its schema', 400, 'INVALID_ARGUMENT'),
  'idempotency-key-invalid': permanent('The idempotency key is not valid', 400, 'INVALID_ARGUMENT'),
  'cursor-invalid': permanent('The cursor is not valid', 400, 'INVALID_ARGUMENT'),
  'position-invalid': permanent('The log position is not valid', 400, 'INVALID_ARGUMENT'),
  'resume-token-invalid': permanent('The resume token is not valid', 400, 'INVALID_ARGUMENT'),
  'bad-request': permanent('The request cannot be understood', 400, 'INVALID_ARGUMENT'),
  unauthenticated: permanent('The credentials are missing or not valid', 401, 'UNAUTHENTICATED'),
  'scope-missing': permanent('The credentials lack a scope', 403, 'PERMISSION_DENIED'),
  'access-denied': permanent('The caller may not do this', 403, 'PERMISSION_DENIED'),
  'origin-not-allowed': permanent('Pages of other origins may change nothing', 403, 'PERMISSION_DENIED'),
  'order-not-found': permanent('There is no such order', 404, 'NOT_FOUND'),
  'dead-letter-not-found': permanent('There is no such dead letter', 404, 'NOT_FOUND'),
  'route-not-found': permanent('There is nothing at this path', 404, 'UNIMPLEMENTED'),
  'method-not-allowed': permanent('This path does not support this method', 405, 'UNIMPLEMENTED'),
  'request-timeout': transient('The request did not arrive in time', 408, 'DEADLINE_EXCEEDED'),
  'transition-not-allowed': permanent(
    'The status does not allow this transition',
    409,
    'FAILED_PRECONDITION',
  ),
  'resume-token-too-old': permanent(
    'The stream cannot continue from this resume token',
    410,
    'FAILED_PRECONDITION',
  ),
  'version-mismatch': permanent('The order has another version than expected', 412, 'ABORTED'),
  'body-too-large': permanent('The body is too large', 413, 'OUT_OF_RANGE'),
  'record-too-large': permanent('The event is too large for the event log', 413, 'OUT_OF_RANGE'),
  'unsupported-media-type': permanent(
    'The body must be application/json in UTF-8, without content encoding',
    415,
    'INVALID_ARGUMENT',
  ),
  'host-not-allowed': permanent('The host of the request is not this service', 421, 'PERMISSION_DENIED'),
  'total-too-large': permanent('The total of the order is too large', 422, 'OUT_OF_RANGE'),
  'idempotency-key-reused': permanent('The key was used with another body', 422, 'FAILED_PRECONDITION'),
  'too-many-watches': transient('The caller has too many open watches', 429, 'RESOURCE_EXHAUSTED'),
  'rate-limited': transient('Too many requests', 429, 'RESOURCE_EXHAUSTED'),
  'headers-too-large': permanent('The headers are too large', 431, 'RESOURCE_EXHAUSTED'),
  internal: permanent('Something went wrong on our side', 500, 'INTERNAL'),
  'watch-too-slow': transient('The watcher reads too slowly', 503, 'RESOURCE_EXHAUSTED'),
  'log-full': transient('The event log cannot accept more right now', 503, 'RESOURCE_EXHAUSTED', 'log'),
  'log-unavailable': transient('The event log cannot be reached', 503, 'UNAVAILABLE', 'log'),
  'log-timeout': transient('The event log did not acknowledge in time', 504, 'DEADLINE_EXCEEDED', 'log'),
  'identity-unavailable': transient('The credentials cannot be verified right now', 503, 'UNAVAILABLE'),
  'store-unavailable': transient('The store cannot be reached', 503, 'UNAVAILABLE', 'store'),
  overloaded: transient('The service is overloaded', 503, 'UNAVAILABLE'),
  draining: transient('The service is shutting down', 503, 'UNAVAILABLE'),
  // Returned by the gateway, deploy/nginx/problems.conf.
  'instance-lost': transient('No instance of the service answered', 502, 'UNAVAILABLE'),
  'instance-timeout': transient('No instance of the service answered in time', 504, 'DEADLINE_EXCEEDED'),
} satisfies Record<string, ErrorRow>;

/** Second half: errors inside the service. Callers see `internal` instead; the log has the code. */
const INTERNAL_ERRORS = {
  'settings-invalid': internal('The settings do not allow a start'),
  'record-undecodable': internal('The record is not an event of this service'),
  'partition-unknown': internal('The topic has no such partition'),
  'processor-invalid': internal('The processor module cannot be used'),
  'processor-failed': internal('The processor failed for good'),
  'processor-timeout': internal('The processor did not answer in time', 'transient'),
  'processor-transient': internal('The processor failed for now', 'transient'),
  'store-refused': internal('The store refuses the rows of this order'),
  'dead-letter-flood': internal('Too many records fail for good', 'transient'),
  'circuit-open': internal('The circuit breaker of a dependency is open', 'transient'),
  'progress-conflict': internal('Another writer has moved the progress of the partition', 'transient'),
  'progress-gap': internal('The store is behind what was already processed', 'fatal'),
  'log-mismatch': internal('The event log and the store do not belong together', 'fatal'),
  'backup-failed': internal('The backup is not complete'),
  'erasure-failed': internal('The erasure is not complete'),
  'copy-differs': internal('The copy of a store differs from the store'),
  'worker-failed': internal('A worker thread ended before its work did', 'transient'),
  'calls-lost': internal('A worker thread ended while it had detached calls or another task', 'transient'),
} satisfies Record<string, ErrorRow>;

/**
 * This table alone decides whether an error is transient or permanent, retried or fatal, and which circuit breaker
 * counts it.
 */
export const ERRORS = { ...CALLER_ERRORS, ...INTERNAL_ERRORS };

export type ErrorCode = keyof typeof ERRORS;

/** Codes that callers may see. */
export type CallerErrorCode = keyof typeof CALLER_ERRORS;

export function isCallerCode(code: ErrorCode): code is CallerErrorCode {
  return code in CALLER_ERRORS;
}

function permanent(title: string, httpStatus: number, grpcStatus: GrpcStatus): ErrorRow {
  const inThePipeline = { reaction: 'retry', countsAgainst: 'none' } as const;
  return { title, httpStatus, grpcStatus, transient: false, retryAfter: undefined, ...inThePipeline };
}

function transient(
  title: string,
  httpStatus: number,
  grpcStatus: GrpcStatus,
  countsAgainst: ErrorRow['countsAgainst'] = 'none',
): ErrorRow {
  return { ...permanent(title, httpStatus, grpcStatus), transient: true, retryAfter: 1, countsAgainst };
}

function internal(title: string, kind: 'permanent' | 'transient' | 'fatal' = 'permanent'): ErrorRow {
  const reaction = kind === 'fatal' ? 'fatal' : 'retry';
  return { ...permanent(title, 500, 'INTERNAL'), transient: kind === 'transient', reaction };
}
