import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ServiceError, toError } from '../base/errors.ts';

/** Open connections: over that new ones are dropped, as with HTTP. */
const MAX_CONNECTIONS = 20_000;

/**
 * The listening socket and all its connections. grpc-js would own them itself, but then a connection that its client ends
 * in the moment of a stop can keep the stop waiting for ever.
 */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      onConnection(socket);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * @returns the port
   * @throws ServiceError `internal` for an address that is taken or not ours
   */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw new ServiceError('internal', `gRPC cannot listen: ${toError(error).message}`, { cause: error });
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections and waits for those that there are; what has not ended after `graceMs` is cut off. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    try {
      await closed;
    } finally {
      clearTimeout(cutOff);
    }
  }
}
