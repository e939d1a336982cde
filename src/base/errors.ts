/**
 * The one table of everything that can go wrong. A row says what a failure is called, how it is answered over HTTP
 * and gRPC, whether the same attempt may succeed later (`transient`), and when. Whoever meets the error reads `title`
 * and the `detail` given where it was thrown: what happened, to what, what to do.
 */
export interface ErrorRow {
  title: string;
  httpStatus: number;
  grpcStatus: GrpcStatus;
  /** the same attempt may succeed later */
  transient: boolean;
  /** seconds after which it may; undefined for what is not transient */
  retryAfter: number | undefined;
}

/** Status codes of gRPC by name, https://grpc.io/docs/guides/status-codes/ */
export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'UNIMPLEMENTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'DATA_LOSS'
  | 'INTERNAL';

export const ERRORS = {
  'malformed-json': row('The body is not valid JSON', 400, 'INVALID_ARGUMENT'),
  'validation-failed': row('The request does not match its schema', 400, 'INVALID_ARGUMENT'),
  'idempotency-key-invalid': row('The Idempotency-Key header is not usable', 400, 'INVALID_ARGUMENT'),
  'preference-invalid': row('The Prefer header is not usable', 400, 'INVALID_ARGUMENT'),
  'cursor-invalid': row('The cursor is not one that this service gave out', 400, 'INVALID_ARGUMENT'),
  'position-invalid': row('The position is not one that this service gave out', 400, 'INVALID_ARGUMENT'),
  'resume-token-invalid': row(
    'The resume token is not one that this service gave out',
    400,
    'INVALID_ARGUMENT',
  ),
  'resume-token-too-old': row(
    'What followed the resume token is not kept any more',
    410,
    'FAILED_PRECONDITION',
  ),
  'watch-too-slow': row('More orders changed than a watcher may lag behind', 503, 'RESOURCE_EXHAUSTED', 1),
  'bad-request': row('The request cannot be understood', 400, 'INVALID_ARGUMENT'),
  'order-not-found': row('There is no such order', 404, 'NOT_FOUND'),
  'route-not-found': row('There is nothing at this path', 404, 'UNIMPLEMENTED'),
  'method-not-allowed': row('This path does not take this method', 405, 'UNIMPLEMENTED'),
  'transition-not-allowed': row(
    'The order cannot go there from its present status',
    409,
    'FAILED_PRECONDITION',
  ),
  'version-mismatch': row('The order has another version than expected', 412, 'ABORTED'),
  'body-too-large': row('The body is larger than this path takes', 413, 'OUT_OF_RANGE'),
  'unsupported-media-type': row('The body must be application/json', 415, 'INVALID_ARGUMENT'),
  'total-too-large': row('The total of the order is not a safe integer', 422, 'OUT_OF_RANGE'),
  'headers-too-large': row('The headers are larger than this service takes', 431, 'RESOURCE_EXHAUSTED'),
  'request-timeout': row('The request did not arrive in time', 408, 'DEADLINE_EXCEEDED', 1),
  'idempotency-key-reused': row('The Idempotency-Key was used with another body', 422, 'FAILED_PRECONDITION'),
  'rate-limited': row('Too many requests', 429, 'RESOURCE_EXHAUSTED', 1),
  internal: row('Something went wrong on our side', 500, 'INTERNAL'),
  'log-full': row('The event log cannot take more at the moment', 503, 'RESOURCE_EXHAUSTED', 1),
  'log-unavailable': row('The event log cannot be reached', 503, 'UNAVAILABLE', 1),
  'store-unavailable': row('The store cannot be reached', 503, 'UNAVAILABLE', 1),
  overloaded: row('The service is busier than it can be quick', 503, 'UNAVAILABLE', 1),
  draining: row('The service is shutting down', 503, 'UNAVAILABLE', 1),
  'log-timeout': row('The event log did not acknowledge in time', 504, 'DEADLINE_EXCEEDED', 1),
  // These two are answered by the gateway, deploy/nginx/problems.conf.
  'instance-lost': row('No instance of the service answered', 502, 'UNAVAILABLE', 1),
  'instance-timeout': row('No instance of the service answered in time', 504, 'DEADLINE_EXCEEDED', 1),
  'settings-invalid': row('The settings do not allow a start', 500, 'FAILED_PRECONDITION'),
  'record-undecodable': row('The record is not an event of this service', 422, 'DATA_LOSS'),
  'record-too-large': row('The event is larger than the event log takes', 413, 'OUT_OF_RANGE'),
  'processor-invalid': row('The processor module cannot be used', 500, 'FAILED_PRECONDITION'),
  'processor-failed': row('The processor failed for good', 500, 'INTERNAL'),
  'processor-timeout': row('The processor did not answer in time', 503, 'DEADLINE_EXCEEDED', 1),
  'processor-transient': row('The processor failed, a later attempt may succeed', 503, 'UNAVAILABLE', 1),
  'retries-exhausted': row('Every attempt failed until the budget of retries was spent', 503, 'UNAVAILABLE'),
  'predecessor-failed': row('An earlier event of the order failed for good', 409, 'FAILED_PRECONDITION'),
  'store-refused': row('The store refuses the rows of this order', 422, 'FAILED_PRECONDITION'),
  'replay-rejected': row('The replayed order was rejected by the processor', 409, 'FAILED_PRECONDITION'),
  'dead-letter-not-found': row('There is no such dead letter', 404, 'NOT_FOUND'),
  'dead-letter-flood': row('Too large a share of the records fails for good', 503, 'UNAVAILABLE', 30),
  'circuit-open': row('A dependency keeps failing and is given time to recover', 503, 'UNAVAILABLE', 1),
  'progress-conflict': row('Another writer has moved the progress of the partition', 500, 'ABORTED', 0),
  'progress-gap': row('The store stands behind what was already processed', 500, 'DATA_LOSS'),
  'log-truncated': row('The event log ends before what was already processed', 500, 'DATA_LOSS'),
  'copy-differs': row('The copy of a store is not what the store is', 500, 'DATA_LOSS'),
  'worker-failed': row('A worker thread ended before its batch did', 500, 'INTERNAL', 0),
  'deadline-exceeded': row('It was not finished within its deadline', 500, 'DEADLINE_EXCEEDED'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault of a request: `pointer` is a JSON pointer (RFC 6901) into the body or the query. */
export interface FieldError {
  pointer: string;
  detail: string;
}

export interface ServiceErrorOptions {
  cause?: unknown;
  errors?: FieldError[];
  /** seconds until a repeat makes sense, sent as Retry-After, where more is known than the table says */
  retryAfter?: number;
}

/** Every error this service throws on purpose; anything else is a defect and is answered as `internal`. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, options: ServiceErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter ?? ERRORS[code].retryAfter;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  get transient(): boolean {
    return this.row.transient;
  }
}

/** Turns whatever was thrown into an Error, so that `cause` and logs always have a message and a stack. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}

/** As text, whatever it is: an object may have no way to become one. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `something of type ${typeof value} that has no text`;
  }
}

export function hasCode(thrown: unknown, code: ErrorCode): boolean {
  return thrown instanceof ServiceError && thrown.code === code;
}

/** @param retryAfter seconds; given for what is transient, and for nothing else */
function row(title: string, httpStatus: number, grpcStatus: GrpcStatus, retryAfter?: number): ErrorRow {
  return { title, httpStatus, grpcStatus, transient: retryAfter !== undefined, retryAfter };
}
