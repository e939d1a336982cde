import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** Bytes of one order; an order that one protocol takes the other takes as well. */
export const MAX_ORDER_BYTES = 64 * 1024;

/** Open connections of a server; more are dropped. An idle one costs some 10 KiB. */
export const MAX_CONNECTIONS = 20_000;

/** What a shutting-down instance answers. */
export function draining(): ServiceError {
  return new ServiceError(
    'draining',
    'This instance is shutting down. Try again; resume a stream with its last token.',
  );
}

/** What a caller reads about an internal error; the log has the rest under the request's id. */
export function internalDetail(requestId: string): string {
  return `The error is ours and is logged under request ${requestId}. A repeat with the same idempotency key is safe.`;
}

/**
 * Logs an error that is not the caller's.
 * @param request what identifies it in the log
 */
export function logServerError(logger: Logger, error: ServiceError, request: Record<string, string>): void {
  if (error.row.httpStatus < 500) return;
  const about = { ...request, code: error.code };
  // Transient errors come in floods; their code and message say it all without a stack.
  if (error.transient) logger.warn({ ...about, detail: error.message }, 'request refused');
  else logger.error({ ...about, err: error.cause ?? error }, 'request failed');
}

const USABLE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A caller's `x-request-id` if it is safe to log and to send back. */
export function usableRequestId(given: unknown): string | undefined {
  return typeof given === 'string' && USABLE_REQUEST_ID.test(given) ? given : undefined;
}
