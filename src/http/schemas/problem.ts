import { Type, type Static } from 'typebox';
import { ERRORS, type CallerErrorCode } from '../../base/error-table.ts';
import type { ServiceError } from '../../base/errors.ts';
import { internalDetail } from '../../services/server-rules.ts';

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

/** The error codes of an append to the event log. */
export const APPEND_PROBLEMS = [
  'record-too-large',
  'log-full',
  'log-unavailable',
  'log-timeout',
] as const satisfies readonly CallerErrorCode[];

/** The error codes of reading one order. */
export const READ_ORDER_PROBLEMS = [
  'order-not-found',
  'position-invalid',
  'store-unavailable',
  'log-unavailable',
  'log-timeout',
] as const satisfies readonly CallerErrorCode[];

/** The query parameter at fault, for errors thrown where it is not known. */
const PARAMETER_OF: Partial<Record<CallerErrorCode, string>> = {
  'cursor-invalid': '/cursor',
  'position-invalid': '/position',
};

export function problemOf(error: ServiceError, requestId: string): Problem {
  const { callerCode: code, callerMessage: message, errors } = error;
  const { title, httpStatus } = ERRORS[code];
  const type = `urn:problem:order-system:${code}`;
  const problem = { type, title, status: httpStatus, detail: message, code, requestId };
  if (code === 'internal') return { ...problem, detail: internalDetail(requestId) };
  const parameter = PARAMETER_OF[code];
  const fields = parameter === undefined ? errors : [{ pointer: parameter, detail: message }];
  return fields === undefined ? problem : { ...problem, errors: fields };
}
