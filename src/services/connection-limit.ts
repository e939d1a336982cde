import type { Socket } from 'node:net';
import type { Callers } from '../base/caller.ts';
import type { Metrics } from '../base/metrics.ts';
import { MAX_CONNECTIONS } from './server-rules.ts';

export interface ConnectionLimitDependencies {
  protocol: 'http' | 'grpc';
  callers: Callers;
  /** open connections of one address, or of one IPv6 network of 64 bits; 0: no limit */
  maxPerAddress: number;
  /** open connections of all addresses together */
  maxTotal?: number;
  metrics: Pick<Metrics, 'connectionsRefused'>;
}

/**
 * Limits the open connections of a server: in total, and for each address unless it is a trusted proxy, which has the
 * connections of many callers. Connections over a limit are closed at once, without a response.
 *
 * It does not use `server.maxConnections`: node:cluster offers a connection that a full process refuses to the next process, and
 * without end if all are full.
 */
export class ConnectionLimit {
  readonly #dependencies: ConnectionLimitDependencies;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(dependencies: ConnectionLimitDependencies) {
    this.#dependencies = dependencies;
  }

  /** Call it for each new connection. @returns false if there are too many; then the socket is destroyed */
  admit(socket: Socket): boolean {
    const { callers, maxPerAddress, maxTotal = MAX_CONNECTIONS } = this.#dependencies;
    if (this.#total >= maxTotal) return this.#refuse(socket, 'total');
    const isLimited = maxPerAddress > 0 && !callers.isProxy(socket.remoteAddress);
    const address = isLimited ? callers.ofAddress(socket.remoteAddress) : undefined;
    const open = address === undefined ? 0 : (this.#open.get(address) ?? 0);
    if (address !== undefined && open >= maxPerAddress) return this.#refuse(socket, 'address');
    this.#total += 1;
    if (address !== undefined) this.#open.set(address, open + 1);
    socket.once('close', () => this.#closed(address));
    return true;
  }

  #refuse(socket: Socket, reason: 'total' | 'address'): false {
    const { protocol, metrics } = this.#dependencies;
    metrics.connectionsRefused.inc({ protocol, reason });
    socket.destroy();
    return false;
  }

  #closed(address: string | undefined): void {
    this.#total -= 1;
    if (address === undefined) return;
    const open = (this.#open.get(address) ?? 1) - 1;
    if (open === 0) this.#open.delete(address);
    else this.#open.set(address, open);
  }
}
