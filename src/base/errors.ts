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
  'unsupported-media-type': permanent('The body must be application/json', 415, 'INVALID_ARGUMENT'),
  'total-too-large': permanent('The total of the order is too large', 422, 'OUT_OF_RANGE'),
  'idempotency-key-reused': permanent('The key was used with another body', 422, 'FAILED_PRECONDITION'),
  'rate-limited': transient('Too many requests', 429, 'RESOURCE_EXHAUSTED'),
  'headers-too-large': permanent('The headers are too large', 431, 'RESOURCE_EXHAUSTED'),
  internal: permanent('Something went wrong on our side', 500, 'INTERNAL'),
  'watch-too-slow': transient('The watcher reads too slowly', 503, 'RESOURCE_EXHAUSTED'),
  'log-full': transient('The event log cannot accept more right now', 503, 'RESOURCE_EXHAUSTED', 'log'),
  'log-unavailable': transient('The event log cannot be reached', 503, 'UNAVAILABLE', 'log'),
  'log-timeout': transient('The event log did not acknowledge in time', 504, 'DEADLINE_EXCEEDED', 'log'),
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
  'copy-differs': internal('The copy of a store differs from the store'),
  'worker-failed': internal('A worker thread ended before its work did', 'transient'),
  'calls-lost': internal('A worker thread ended while it had detached calls', 'transient'),
} satisfies Record<string, ErrorRow>;

/**
 * This table alone decides whether an error is transient or permanent, retried or fatal, and which circuit breaker
 * counts it.
 */
export const ERRORS = { ...CALLER_ERRORS, ...INTERNAL_ERRORS };

export type ErrorCode = keyof typeof ERRORS;

/** Codes that callers may see. */
export type CallerErrorCode = keyof typeof CALLER_ERRORS;

const REPEAT = 'Try again in a moment; repeating with the same idempotency key is safe.';

const CALLER_MESSAGES: Partial<Record<ErrorCode, string>> = {
  'log-unavailable': `The event log cannot be used right now. ${REPEAT}`,
  'store-unavailable': `The store cannot be used right now. ${REPEAT}`,
};

/** One problem of a request. `pointer` is a JSON pointer (RFC 6901) into the body or the query. */
export interface FieldError {
  pointer: string;
  detail: string;
}

export interface ServiceErrorOptions {
  cause?: unknown;
  errors?: FieldError[];
  /** seconds after which the caller may repeat the request, if it differs from the table */
  retryAfter?: number;
  /** what callers see instead of the message */
  callerMessage?: string;
}

/**
 * Every error that this service throws on purpose. Anything else is a bug; callers see it as `internal`. The message says
 * what happened, to what, and what to do.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfter: number | undefined;
  /**
   * The message that callers see; for `internal` each interface writes its own. The message of a failed dependency may name
   * files, hosts and addresses, so it is only logged.
   */
  readonly callerMessage: string;

  constructor(code: ErrorCode, detail: string, options: ServiceErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter ?? ERRORS[code].retryAfter;
    this.callerMessage = options.callerMessage ?? CALLER_MESSAGES[code] ?? detail;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  get transient(): boolean {
    return this.row.transient;
  }

  /** The code that callers see: `internal` for all errors inside the service. */
  get callerCode(): CallerErrorCode {
    return isCallerCode(this.code) ? this.code : 'internal';
  }
}

/** A `validation-failed` about one field of a request. */
export function invalidField(pointer: string, detail: string): ServiceError {
  const where = pointer === '' ? 'The body' : pointer;
  return new ServiceError('validation-failed', `${where} ${detail}`, { errors: [{ pointer, detail }] });
}

/** Returns a ServiceError unchanged; wraps anything else as `internal`, with the original as cause. */
export function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  return new ServiceError('internal', toError(thrown).message, { cause: thrown });
}

/** Turns anything thrown into an Error, so that `cause` and logs always have a message and a stack. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}

/** Any value as text, even an object that cannot be converted. */
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

function isCallerCode(code: ErrorCode): code is CallerErrorCode {
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
