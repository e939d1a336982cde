import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ServiceError } from '../base/errors.ts';
import { callStatus } from './rich-error.ts';

/** The response to a call that fails before anything else is sent. */
export function refusalHeaders(error: ServiceError): OutgoingHttpHeaders {
  const { code, details, metadata } = callStatus(error);
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': code,
    'grpc-message': encodeURIComponent(details),
    ...metadata.toHttp2Headers(),
  };
}

/**
 * Answers a call that grpc-js has not answered yet. A plain reset would look to a gateway as if this server had failed.
 * @param headers of `refusalHeaders`
 */
export function refuseStream(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  stream.respond(headers, { endStream: true });
  // Stops the client from sending the rest of its request, RFC 9113 section 8.1.
  stream.close(constants.NGHTTP2_NO_ERROR);
}
