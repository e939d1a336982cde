import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands in front of a server on this machine, and makes it as far away as a network would. */
export class DelayingProxy {
  readonly port: number;
  /** how often somebody spoke after having heard an answer: the round trips of all connections together */
  roundTrips = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param delayMs that every answer comes later */
  static async start(target: { port: number }, delayMs: number): Promise<DelayingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new DelayingProxy(server);
    server.on('connection', (caller) => proxy.#serve(caller, target.port, delayMs));
    return proxy;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(caller: Socket, port: number, delayMs: number): void {
    const answerer = connect(port, '127.0.0.1');
    let hasHeard = true;
    caller.on('data', (chunk) => {
      if (hasHeard) this.roundTrips += 1;
      hasHeard = false;
      answerer.write(chunk);
    });
    answerer.on('data', (chunk) => {
      setTimeout(() => {
        hasHeard = true;
        caller.write(chunk);
      }, delayMs);
    });
    for (const [socket, other] of [
      [caller, answerer],
      [answerer, caller],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
