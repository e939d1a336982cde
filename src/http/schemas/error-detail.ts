import { Type } from 'typebox';
import { MAX_ERRORS, type ErrorDetail } from '../../base/error-detail.ts';

/** An error with its causes. It contains itself, so it is added to the application once, and others refer to it. */
export const ErrorDetailSchema = Type.Unsafe<ErrorDetail>({
  $id: 'ErrorDetail',
  type: 'object',
  required: ['class', 'message', 'stack', 'cause'],
  properties: {
    class: { type: 'string', description: 'Such as `TypeError`' },
    message: { type: 'string' },
    stack: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'null if it is not known' },
    cause: {
      anyOf: [{ $ref: 'ErrorDetail#' }, { type: 'null' }],
      description: `The error that caused this one; at most ${MAX_ERRORS} errors in all`,
    },
  },
});

export const ErrorDetailBody = Type.Unsafe<ErrorDetail>({ $ref: 'ErrorDetail#' });

export const exampleError: ErrorDetail = {
  class: 'TypeError',
  message: 'fetch failed',
  stack: null,
  cause: {
    class: 'Error',
    message: 'connect ECONNREFUSED 127.0.0.1:9',
    stack:
      'Error: connect ECONNREFUSED 127.0.0.1:9\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)',
    cause: null,
  },
};
