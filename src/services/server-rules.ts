import type { ErrorCode } from '../base/error-table.ts';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';

/** Bytes of one order; the same for both protocols, so that both accept the same orders. */
export const MAX_ORDER_BYTES = 64 * 1024;

/** Open connections per server; further ones are dropped. An idle one costs about 10 KiB. */
export const MAX_CONNECTIONS = 20_000;

/** The error for requests that arrive during shutdown. */
export function draining(): ServiceError {
  return new ServiceError(
    'draining',
    'This instance is shutting down. Try again; resume a stream with its last token.',
  );
}

/** The detail of an internal error for its caller; the log has the rest under the request id. */
export function internalDetail(requestId: string): string {
  return `The error is on our side and is logged under request ${requestId}. Repeating with the same idempotency key is safe.`;
}

/**
 * Logs a server-side error; ignores errors that the caller caused.
 * @param request fields that identify the request in the log
 */
export function logServerError(logger: Logger, error: ServiceError, request: Record<string, string>): void {
  if (error.row.httpStatus < 500) return;
  const about = { ...request, code: error.code };
  // Transient errors come in floods; their code and message suffice, without a stack.
  if (error.transient) logger.warn({ ...about, detail: error.message }, 'request refused');
  else logger.error({ ...about, err: error.cause ?? error }, 'request failed');
}

/** The codes of requests that lack the right credentials. */
const IDENTITY_CODES: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'scope-missing', 'access-denied']);

/** Counts an error that refuses a caller; ignores all others. */
export function countRefusedCaller(
  { requestsRefused }: Pick<Metrics, 'requestsRefused'>,
  protocol: 'http' | 'grpc',
  { code }: ServiceError,
): void {
  if (IDENTITY_CODES.has(code)) requestsRefused.inc({ protocol, reason: code });
}

const USABLE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's `x-request-id` if it is safe to log and to send back; otherwise undefined. */
export function usableRequestId(id: unknown): string | undefined {
  return typeof id === 'string' && USABLE_REQUEST_ID.test(id) ? id : undefined;
}
