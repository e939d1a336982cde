import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { clientHello, firstFrame, GOAWAY, openAndReset, openCall } from './http2-frames.ts';

/** An HTTP/2 client that writes the frames of a hostile client, which Node's own client never sends. */
export class RawHttp2 {
  /** error code of the GOAWAY frame that the server sent */
  goaway: number | undefined;
  isClosed = false;
  readonly #socket: Socket;
  #nextStream = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let next = firstFrame(rest); next !== undefined; next = firstFrame(rest)) {
        if (next.type === GOAWAY) this.goaway = next.payload.readUInt32BE(4);
        rest = Buffer.from(next.rest);
      }
    });
    socket.on('error', () => undefined);
    socket.once('close', () => (this.isClosed = true));
  }

  /** @param from local address */
  static async to(address: string, from = '127.0.0.1'): Promise<RawHttp2> {
    const [host = '', port] = address.split(':');
    const socket = connect({ host, port: Number(port), localAddress: from });
    await once(socket, 'connect');
    const client = new RawHttp2(socket);
    socket.write(clientHello());
    return client;
  }

  /** Opens streams, and resets each in the same packet. */
  openAndReset(count: number, path: string): void {
    this.#socket.write(openAndReset(count, path, this.#nextStream));
    this.#nextStream += 2 * count;
  }

  /** Opens one call without a message. */
  call(path: string, headers: [name: string, value: string][]): void {
    this.#socket.write(openCall(path, headers, this.#nextStream));
    this.#nextStream += 2;
  }

  close(): void {
    this.#socket.destroy();
  }
}
