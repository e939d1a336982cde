import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionLimit } from '../../services/connection-limit.ts';
import type { Callers } from '../../base/caller.ts';
import type { Metrics } from '../../base/metrics.ts';

export interface ConnectionLimitDependencies {
  callers: Callers;
  metrics: Metrics;
  limits: { maxConnectionsPerAddress: number };
}

/** Limits the open connections of the server, in total and per address. */
export function limitConnections(server: Server, dependencies: ConnectionLimitDependencies): void {
  const { callers, metrics, limits } = dependencies;
  const maxPerAddress = limits.maxConnectionsPerAddress;
  const limit = new ConnectionLimit({ protocol: 'http', callers, maxPerAddress, metrics });
  server.prependListener('connection', (socket: Socket) => limit.admit(socket));
}
