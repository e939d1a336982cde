import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError, toError, type ErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { sendProblem } from '../schemas/problem.ts';

export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** What Fastify throws of itself, https://fastify.dev/docs/latest/Reference/Errors/ */
const FRAMEWORK_ERRORS = new Map<string, [ErrorCode, string]>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['body-too-large', 'Send less in one request.']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['unsupported-media-type', 'Send Content-Type: application/json.']],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['bad-request', 'The body is not as long as Content-Length says.']],
  ['FST_ERR_BAD_URL', ['bad-request', 'The path has a percent-encoding that is not UTF-8.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['route-not-found', 'A part of the path is longer than any of ours.']],
]);

/** Every error of a request ends here as a problem document; those of ours are logged with the request's id. */
export function createErrorHandler(logger: Logger): ErrorHandler {
  return (thrown, request, reply) => {
    const error = serviceErrorOf(thrown);
    if (error.row.httpStatus >= 500) logFault(logger, error, request);
    sendProblem(reply, error);
  };
}

export function serviceErrorOf(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const { code, statusCode, message } = toError(thrown) as Error & { code?: string; statusCode?: number };
  const known = FRAMEWORK_ERRORS.get(code ?? '');
  if (known !== undefined) return new ServiceError(known[0], known[1], { cause: thrown });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ServiceError('bad-request', message, { cause: thrown });
  }
  return new ServiceError('internal', message, { cause: thrown });
}

export function logFault(logger: Logger, error: ServiceError, request: FastifyRequest): void {
  const about = { requestId: request.id, method: request.method, path: request.url, code: error.code };
  // A transient one comes in floods and needs no stack: its code and words say it all.
  if (error.transient) logger.warn({ ...about, detail: error.message }, 'request refused');
  else logger.error({ ...about, err: error.cause ?? error }, 'request failed');
}
