import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/**
 * Answers `Expect: 100-continue` with 100 only when the body is read. Node would send it first, and then perhaps a 404 or 413. If the
 * request is refused unread, the connection closes after the response: the client may send the body or not, so the server could not tell
 * where its next request begins (RFC 9110, section 10.1.1).
 */
export function continueWhenBodyIsRead(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const { shouldKeepAlive } = response;
    response.shouldKeepAlive = false;
    request.once('resume', () => {
      // Node reads on after the response, to discard the rest.
      if (response.headersSent) return;
      response.shouldKeepAlive = shouldKeepAlive;
      response.writeContinue();
    });
    server.emit('request', request, response);
  });
}
