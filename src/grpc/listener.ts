import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ServiceError, toError } from '../base/errors.ts';
import type { ConnectionLimit } from '../services/connection-limit.ts';

/**
 * Owns the listening socket and all its connections. If grpc-js owned them, a client that closes its connection during
 * the shutdown could block it forever.
 */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param isWelcome false refuses connections of an address */
  constructor(
    limit: ConnectionLimit,
    isWelcome: (socket: Socket) => boolean,
    onConnection: (socket: Socket) => void,
  ) {
    this.#server = createServer((socket) => {
      if (!isWelcome(socket) || !limit.admit(socket)) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      onConnection(socket);
    });
  }

  /**
   * @returns the port
   * @throws ServiceError `internal` if the address is in use or not of this machine
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

  /** Accepts no more connections and waits for the open ones; those still open after `graceMs` are cut off. */
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
