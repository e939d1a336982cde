import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServiceError } from '../base/errors.ts';
import { callStatus } from './rich-error.ts';

/**
 * Answers a call that grpc-js has not answered yet. A plain reset would look to a gateway as if this server had failed.
 */
export function refuseStream(stream: ServerHttp2Stream, error: ServiceError): void {
  const { code, details, metadata } = callStatus(error);
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': code,
      'grpc-message': encodeURIComponent(details),
      ...metadata.toHttp2Headers(),
    },
    { endStream: true },
  );
  // Takes no more of the request, RFC 9113 section 8.1.
  stream.close(constants.NGHTTP2_NO_ERROR);
}
