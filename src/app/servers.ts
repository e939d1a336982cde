import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ServiceError, toError } from '../base/errors.ts';
import { GrpcServer } from '../grpc/grpc-server.ts';
import { createHttpApp } from '../http/app.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Api } from './api.ts';
import { checkReadiness } from './readiness.ts';
import type { Context } from './context.ts';
import { openProtection, type Protection } from './protection.ts';

export interface Addresses {
  http: string;
  /** host:port, as gRPC clients expect it; undefined for the role worker */
  grpc?: string;
}

/** Slowloris guard: even a batch of 4 MiB arrives in less time. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A reader on a slow line takes something of a response more often than this. */
const RESPONSE_TIMEOUT_MS = 30_000;

/** Time beyond the acknowledgement timeout of the event log that a request in flight gets during shutdown. */
const RESPONSE_GRACE_MS = 1_000;

export interface ServerParts {
  pipeline: Pipeline | undefined;
  api: Api | undefined;
  isDraining: () => boolean;
  version: string;
}

/** Opens HTTP and, unless the role is worker, gRPC. They close at the same time, with the same deadline. */
export async function openServers(context: Context, parts: ServerParts): Promise<Addresses> {
  const { config, lifecycle } = context;
  let isListening = false;
  const readinessWhen = (isListening: boolean) => {
    const { log, reader } = context;
    const isDraining = parts.isDraining();
    return checkReadiness({ log, reader, pipeline: parts.pipeline, isDraining, isListening });
  };
  const protection = await openProtection(context);
  const http = await createHttp(context, parts, protection, () => readinessWhen(isListening));
  // gRPC listens last, so its health service answers only when both listen.
  const grpc =
    parts.api === undefined
      ? undefined
      : createGrpc(context, parts.api, protection, () => readinessWhen(true));
  const graceMs = config.ackTimeoutMs + RESPONSE_GRACE_MS;
  lifecycle.opened('http and grpc', () =>
    all([closeHttp(http, graceMs), ...(grpc === undefined ? [] : [grpc.stop(graceMs)])]),
  );
  await explainListenError(
    'PORT',
    config.host,
    config.port,
    http.listen({ host: config.host, port: config.port }),
  );
  const addresses = { http: `http://${hostAndPort(http.server.address())}` };
  if (grpc === undefined) {
    isListening = true;
    protection.load.start();
    return addresses;
  }
  const starting = grpc.start({ host: config.host, port: config.grpcPort });
  const port = await explainListenError('GRPC_PORT', config.host, config.grpcPort, starting);
  isListening = true;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  protection.load.start();
  return { ...addresses, grpc: `${host}:${port}` };
}

/**
 * Waits for a server to listen.
 * @throws ServiceError `settings-invalid`, which names the setting to change, if the address cannot be used
 */
async function explainListenError<T>(
  setting: string,
  host: string,
  port: number,
  listening: Promise<T>,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code } = toError(rootCause(error)) as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ServiceError(
        'settings-invalid',
        `Port ${port} of ${host} is already in use. Stop the program that uses it, or set ${setting} to another port.`,
      );
    }
    if (code === 'EACCES') {
      throw new ServiceError(
        'settings-invalid',
        `Port ${port} of ${host} is reserved for privileged users. Set ${setting} to a port above 1023.`,
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ServiceError(
        'settings-invalid',
        `This machine has no address ${host} (${code}). Set HOST to one of its addresses.`,
      );
    }
    throw error;
  }
}

function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;
}

type ReadinessCheck = () => ReturnType<typeof checkReadiness>;

function createHttp(
  { config, logger, log, metrics }: Context,
  { api, isDraining, version }: ServerParts,
  protection: Protection,
  readiness: ReadinessCheck,
): Promise<FastifyInstance> {
  return createHttpApp({
    ...protection,
    api,
    readiness,
    isDraining,
    pendingAppends: () => log.pendingAppends(),
    metrics,
    logger,
    limits: {
      maxConnectionsPerAddress: config.maxConnectionsPerAddress,
      trustProxy: config.trustProxy.join(','),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
    },
    hosts: { host: config.host, allowedHosts: config.allowedHosts },
    corsOrigins: config.corsOrigins,
    version,
  });
}

function createGrpc(
  { config, logger, metrics }: Context,
  api: Api,
  protection: Protection,
  readiness: ReadinessCheck,
): GrpcServer {
  return new GrpcServer({
    ...protection,
    orderService: api.orderService,
    watchService: api.watchService,
    shared: api.shared,
    isReady: async () => (await readiness()).ready,
    metrics,
    logger,
    tls: config.grpcTls,
    responseTimeoutMs: RESPONSE_TIMEOUT_MS,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    maxStreamsPerSecond: config.maxStreamsPerSecond,
  });
}

/** Finishes requests in flight; cuts off those that are incomplete after `graceMs`. */
async function closeHttp(http: FastifyInstance, graceMs: number): Promise<void> {
  const cutOff = setTimeout(() => http.server.closeAllConnections(), graceMs);
  try {
    await http.close();
  } finally {
    clearTimeout(cutOff);
  }
}

async function all(closing: Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(closing)).filter((result) => result.status === 'rejected');
  const [first] = failures;
  if (first !== undefined) throw toError(first.reason);
}

function hostAndPort(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
