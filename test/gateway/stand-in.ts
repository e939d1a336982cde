import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

interface Behaviour {
  /** or it closes the connection instead */
  answers: boolean;
  status?: number;
  body?: string | Buffer;
  /** no answer comes before */
  until?: Promise<unknown>;
}

/** A stand-in that takes whole requests and then closes the connection without an answer, or answers all of them. */
export class StandIn {
  readonly requests: string[] = [];
  /** how many answers have left it in full */
  answered = 0;
  readonly address: string;

  private constructor(address: string) {
    this.address = address;
  }

  static async start(
    t: Test,
    { answers, status = 200, body = '{}', until = Promise.resolve() }: Behaviour,
  ): Promise<StandIn> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        standIn.requests.push(
          `${request.method ?? ''} ${request.headers['idempotency-key']?.toString() ?? ''}`,
        );
        if (!answers) {
          request.socket.destroy();
          return;
        }
        response.once('finish', () => (standIn.answered += 1));
        until.then(
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
    const standIn = new StandIn(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    return standIn;
  }
}
