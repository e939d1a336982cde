import type { FastifyReply } from 'fastify';
import { Type, type Static } from 'typebox';
import { CALLER_ERRORS, ERRORS, type ErrorCode, type ServiceError } from '../../base/errors.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** An error as it is answered (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem; stable', format: 'uri' }),
    title: Type.String({ description: 'The kind of problem in words' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened, to what, what to do' }),
    code: Type.Enum(Object.keys(CALLER_ERRORS), { type: 'string', description: 'The last part of `type`' }),
    requestId: Type.String({ description: 'X-Request-Id of the request' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer (RFC 6901) into the body or the query' }),
          detail: Type.String(),
        }),
        { description: 'The first faults of a request that does not match its schema' },
      ),
    ),
  },
  {
    $id: 'Problem',
    examples: [
      {
        type: 'urn:problem:order-system:validation-failed',
        title: ERRORS['validation-failed'].title,
        status: 400,
        detail: '/items/0/quantity must be integer',
        code: 'validation-failed',
        requestId: '0b7a6a43-7b0e-4e0f-a8a0-6d1a0a8f8f5e',
        errors: [{ pointer: '/items/0/quantity', detail: 'must be integer' }],
      },
    ],
  },
);

export type Problem = Static<typeof Problem>;

/** The query parameter that an error is about, for those that are thrown where there is no request. */
const PARAMETER_OF: Partial<Record<ErrorCode, string>> = {
  'cursor-invalid': '/cursor',
  'position-invalid': '/position',
};

export function problemOf(error: ServiceError, requestId: string): Problem {
  const status = error.row.httpStatus;
  // What is inside stays inside: the log has it under the request's id.
  const code = status === 500 ? 'internal' : error.code;
  const problem: Problem = {
    type: `urn:problem:order-system:${code}`,
    title: ERRORS[code].title,
    status,
    detail:
      status === 500
        ? `The fault is ours and is logged under request ${requestId}. A repeat with the same Idempotency-Key is safe.`
        : error.message,
    code,
    requestId,
  };
  const errors = status === 500 ? undefined : (error.errors ?? parameterFault(error));
  return errors === undefined ? problem : { ...problem, errors };
}

export function sendProblem(reply: FastifyReply, error: ServiceError): void {
  const problem = problemOf(error, reply.request.id);
  if (problem.status === 429 || problem.status === 503) {
    reply.header('retry-after', String(Math.max(1, error.retryAfter ?? 1)));
  }
  reply
    .code(problem.status)
    .header(REQUEST_ID_HEADER, reply.request.id)
    .type(PROBLEM_MEDIA_TYPE)
    // As bytes, because Fastify would add a charset, which this media type does not have.
    .send(Buffer.from(JSON.stringify(problem)));
}

function parameterFault(error: ServiceError) {
  const pointer = PARAMETER_OF[error.code];
  return pointer === undefined ? undefined : [{ pointer, detail: error.message }];
}
