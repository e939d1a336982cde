import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

interface Behaviour {
  /** false: it closes the connection without a response */
  responds: boolean;
  status?: number;
  body?: string | Buffer;
  responseAfter?: Promise<unknown>;
}

/** An HTTP server that reads whole requests and then responds, or closes the connection. */
export class FakeReplica {
  /** method and Idempotency-Key of each */
  readonly requests: string[] = [];
  /** responses that were sent in full */
  responded = 0;
  readonly address: string;

  private constructor(address: string) {
    this.address = address;
  }

  static async start(
    t: Test,
    { responds, status = 200, body = '{}', responseAfter = Promise.resolve() }: Behaviour,
  ): Promise<FakeReplica> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        replica.requests.push(
          `${request.method ?? ''} ${request.headers['idempotency-key']?.toString() ?? ''}`,
        );
        if (!responds) {
          request.socket.destroy();
          return;
        }
        response.once('finish', () => (replica.responded += 1));
        responseAfter.then(
          () => response.writeHead(status).end(body),
          () => request.socket.destroy(),
        );
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const replica = new FakeReplica(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    return replica;
  }
}
