import type { Server, Socket } from 'node:net';
import type { Callers } from '../base/caller.ts';
import type { Metrics } from '../base/metrics.ts';
import { MAX_CONNECTIONS } from './server-rules.ts';

export interface ConnectionLimitDependencies {
  protocol: 'http' | 'grpc';
  callers: Callers;
  /** open connections of one address, or of one IPv6 network of 64 bits; 0: no limit */
  maxPerAddress: number;
  metrics: Pick<Metrics, 'connectionsRefused'>;
}

/**
 * Limits the open connections of a server: in total, and for each address unless it is a trusted proxy, which has the
 * connections of many callers. Connections over a limit are closed at once, without a response.
 */
export class ConnectionLimit {
  readonly #dependencies: ConnectionLimitDependencies;
  readonly #open = new Map<string, number>();

  constructor(dependencies: ConnectionLimitDependencies) {
    this.#dependencies = dependencies;
  }

  /** Sets the limit in total; call `admit` for each connection. */
  limitTotal(server: Server): void {
    const { protocol, metrics } = this.#dependencies;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => metrics.connectionsRefused.inc({ protocol, reason: 'total' }));
  }

  /** @returns false if the address has too many connections; then the socket is destroyed */
  admit(socket: Socket): boolean {
    const { protocol, callers, maxPerAddress, metrics } = this.#dependencies;
    if (maxPerAddress === 0 || callers.isProxy(socket.remoteAddress)) return true;
    const address = callers.ofAddress(socket.remoteAddress);
    const open = this.#open.get(address) ?? 0;
    if (open >= maxPerAddress) {
      metrics.connectionsRefused.inc({ protocol, reason: 'address' });
      socket.destroy();
      return false;
    }
    this.#open.set(address, open + 1);
    socket.once('close', () => this.#closed(address));
    return true;
  }

  #closed(address: string): void {
    const open = (this.#open.get(address) ?? 1) - 1;
    if (open === 0) this.#open.delete(address);
    else this.#open.set(address, open);
  }
}
