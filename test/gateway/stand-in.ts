import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A stand-in that takes whole requests and then closes the connection without an answer, or answers all of them. */
export class StandIn {
  readonly requests: string[] = [];
  readonly address: string;

  private constructor(address: string) {
    this.address = address;
  }

  static async start(t: Test, { answers }: { answers: boolean }): Promise<StandIn> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        standIn.requests.push(
          `${request.method ?? ''} ${request.headers['idempotency-key']?.toString() ?? ''}`,
        );
        if (answers) response.end('{}');
        else request.socket.destroy();
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
