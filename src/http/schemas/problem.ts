import { Type, type Static } from 'typebox';
import { ERRORS, ServiceError, type ErrorCode } from '../../base/errors.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** An error response (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Identifies the kind of problem; stable', format: 'uri' }),
    title: Type.String({ description: 'The kind of problem in words' }),
    status: Type.Integer({ description: 'The HTTP status' }),
    detail: Type.String({ description: 'What happened, to what, and what to do about it' }),
    code: Type.String({ description: 'The last part of `type`' }),
    requestId: Type.String({ description: 'The X-Request-Id of the request' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer (RFC 6901) into the body or the query' }),
          detail: Type.String(),
        }),
        { description: 'The first errors of a request that does not match its schema' },
      ),
    ),
  },
  { $id: 'Problem' },
);

export type Problem = Static<typeof Problem>;

/** The codes that an append to the event log can answer. */
export const APPEND_PROBLEMS = [
  'record-too-large',
  'log-full',
  'log-unavailable',
  'log-timeout',
] as const satisfies readonly ErrorCode[];

/** The codes that reading one order can answer. */
export const READ_ORDER_PROBLEMS = [
  'order-not-found',
  'position-invalid',
  'store-unavailable',
  'log-unavailable',
  'log-timeout',
] as const satisfies readonly ErrorCode[];

/** The query parameter of errors that are thrown below HTTP. */
const PARAMETER_OF: Partial<Record<ErrorCode, string>> = {
  'cursor-invalid': '/cursor',
  'position-invalid': '/position',
};

export function problemOf(error: ServiceError, requestId: string): Problem {
  const status = error.row.httpStatus;
  if (status === 500) return internalProblem(requestId);
  const { code, message } = error;
  const parameter = PARAMETER_OF[code];
  const errors =
    error.errors ?? (parameter === undefined ? undefined : [{ pointer: parameter, detail: message }]);
  return {
    type: typeOf(code),
    title: ERRORS[code].title,
    status,
    detail: message,
    code,
    requestId,
    ...(errors === undefined ? {} : { errors }),
  };
}

/** Says nothing about the inside: the log has it under the request's id. */
function internalProblem(requestId: string): Problem {
  return {
    type: typeOf('internal'),
    title: ERRORS.internal.title,
    status: 500,
    detail: `This is our fault; it is logged under request ${requestId}. Repeating it with the same Idempotency-Key is safe.`,
    code: 'internal',
    requestId,
  };
}

function typeOf(code: ErrorCode): string {
  return `urn:problem:order-system:${code}`;
}

/** The error of one field. @param pointer JSON pointer (RFC 6901) into the body or the query */
export function invalidField(pointer: string, detail: string): ServiceError {
  const field = pointer === '' ? 'The body' : pointer;
  return new ServiceError('validation-failed', `${field} ${detail}`, { errors: [{ pointer, detail }] });
}
