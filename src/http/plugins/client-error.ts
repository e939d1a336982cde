import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '../schemas/problem.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { API_HEADERS } from './security-headers.ts';

/**
 * Sends a problem document over the bare socket if Node could not parse a request or it arrived too slowly; then closes
 * the socket.
 * @see https://nodejs.org/api/http.html#event-clienterror
 */
export function handleClientError(error: Error & { code?: string }, socket: Socket): void {
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
        'The complete request did not arrive in time. Send it again.',
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
    ...Object.entries(API_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
