import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallerErrorCode } from '../../base/error-table.ts';
import { ServiceError, toError, toServiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { traceFields, traceparentOf } from '../../base/trace-context.ts';
import { isKnown } from '../../services/admission.ts';
import { countRefusedCaller, logServerError } from '../../services/server-rules.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '../schemas/problem.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { API_HEADERS } from './security-headers.ts';

export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** Errors of Fastify itself, https://fastify.dev/docs/latest/Reference/Errors/ */
const FRAMEWORK_ERRORS = new Map<string, [CallerErrorCode, string]>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', ['body-too-large', 'Send less in one request.']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['unsupported-media-type', 'Send Content-Type: application/json.']],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['bad-request', 'The body length differs from Content-Length.']],
  ['FST_ERR_BAD_URL', ['bad-request', 'The path has a percent-encoding that is not UTF-8.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['route-not-found', 'A segment of the path is longer than any id.']],
]);

/** Turns every error of a request into a problem document; logs server-side errors and counts refused callers. */
export function createErrorHandler(logger: Logger, metrics: Pick<Metrics, 'requestsRefused'>): ErrorHandler {
  return (thrown, request, reply) => {
    const error = serviceErrorOf(thrown);
    countRefusedCaller(metrics, 'http', error);
    logServerError(logger, error, requestFields(request));
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
  return toServiceError(thrown);
}

/** Identifies a request and its trace in the log, without the query, which may contain a token. */
export function requestFields(request: FastifyRequest): Record<string, string> {
  const { id, method, url, principal, span, raw } = request;
  const trace = traceFields(span?.traceparent ?? traceparentOf(raw.headers.traceparent));
  const fields = { requestId: id, method, path: url.split('?', 1)[0] ?? '', ...trace };
  return isKnown(principal) ? { ...fields, principal: principal.name } : fields;
}

function sendProblem(reply: FastifyReply, error: ServiceError): void {
  const problem = problemOf(error, reply.request.id);
  if (problem.status === 429 || problem.status === 503) {
    reply.header('retry-after', String(Math.max(1, error.retryAfter ?? 1)));
  }
  reply
    .code(problem.status)
    // Fastify throws some errors before the hooks that set these headers have run.
    .header(REQUEST_ID_HEADER, problem.requestId)
    .headers(API_HEADERS)
    .type(PROBLEM_MEDIA_TYPE)
    // As bytes: Fastify would add a charset to a string, but this media type has none.
    .send(Buffer.from(JSON.stringify(problem)));
}
