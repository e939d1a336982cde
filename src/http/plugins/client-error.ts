import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '../schemas/problem.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';

/**
 * Answers over the bare socket what Node could not parse into a request, or what arrived too slowly, and closes it.
 * @see https://nodejs.org/api/http.html#event-clienterror
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) socket.end(rawProblem(serviceErrorOf(error.code)), () => socket.destroy());
  else socket.destroy();
}

function serviceErrorOf(code: string | undefined): ServiceError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError('headers-too-large', 'Send fewer or shorter headers.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError(
        'request-timeout',
        'The request did not arrive in full in time. Send it again.',
      );
    default:
      return new ServiceError('bad-request', 'This is not an HTTP request.');
  }
}

function rawProblem(error: ServiceError): string {
  const problem = problemOf(error, randomUUID());
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${problem.requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
