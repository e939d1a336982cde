import { ERRORS, isCallerCode, type CallerErrorCode, type ErrorCode, type ErrorRow } from './error-table.ts';

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
