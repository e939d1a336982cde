import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { toError } from '../base/errors.ts';
import { GrpcServer } from '../grpc/grpc-server.ts';
import { createHttpApp } from '../http/app.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Api } from './api.ts';
import { checkReadiness } from './readiness.ts';
import type { Context } from './context.ts';

export interface Addresses {
  http: string;
  /** host:port, as clients of gRPC take it; none where no orders are taken (role worker) */
  grpc?: string;
}

/** A body of 64 KiB, or a batch of 4 MiB, that takes longer is sent by somebody slow on purpose. */
const REQUEST_TIMEOUT_MS = 30_000;

/** After the event log had its time to acknowledge, an answer is a matter of moments. */
const ANSWER_GRACE_MS = 1_000;

export interface ServerParts {
  pipeline: Pipeline | undefined;
  api: Api | undefined;
  isDraining: () => boolean;
  version: string;
}

/** Opens HTTP and, where orders are taken, gRPC. They close side by side: both have the same time to answer in. */
export async function openServers(context: Context, parts: ServerParts): Promise<Addresses> {
  const { config, lifecycle } = context;
  const readiness = () => {
    const { log, reader } = context;
    return checkReadiness({ log, reader, pipeline: parts.pipeline, isDraining: parts.isDraining() });
  };
  const http = await createHttp(context, parts, readiness);
  const grpc = parts.api === undefined ? undefined : createGrpc(context, parts.api, readiness);
  const graceMs = config.ackTimeoutMs + ANSWER_GRACE_MS;
  lifecycle.opened('http and grpc', () =>
    all([closeHttp(http, graceMs), ...(grpc === undefined ? [] : [grpc.stop(graceMs)])]),
  );
  await http.listen({ host: config.host, port: config.port });
  const addresses = { http: `http://${hostAndPort(http.server.address())}` };
  if (grpc === undefined) return addresses;
  const port = await grpc.start({ host: config.host, port: config.grpcPort });
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { ...addresses, grpc: `${host}:${port}` };
}

type ReadinessCheck = () => ReturnType<typeof checkReadiness>;

function createHttp(
  { config, logger, log, metrics }: Context,
  { api, isDraining, version }: ServerParts,
  readiness: ReadinessCheck,
): Promise<FastifyInstance> {
  return createHttpApp({
    intake: api?.intake,
    watching: api?.watching,
    deadLetters: api?.deadLetters,
    stats: api?.stats,
    readiness,
    isDraining,
    pendingAppends: () => log.pendingAppends(),
    metrics,
    logger,
    limits: {
      rateLimitMax: config.rateLimitMax,
      rateLimitWindowMs: config.rateLimitWindowMs,
      maxEventLoopDelayMs: config.maxEventLoopDelayMs,
      trustProxy: config.trustProxy.join(','),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    },
    rateLimitRedis: api?.rateLimitRedis,
    version,
  });
}

function createGrpc({ config, logger, metrics }: Context, api: Api, readiness: ReadinessCheck): GrpcServer {
  return new GrpcServer({
    intake: api.intake,
    watching: api.watching,
    isReady: async () => (await readiness()).ready,
    metrics,
    logger,
    tls: config.grpcTls,
  });
}

/** Answers what is under way; a request that is still only half here after `graceMs` is cut off. */
async function closeHttp(http: FastifyInstance, graceMs: number): Promise<void> {
  const cutOff = setTimeout(() => http.server.closeAllConnections(), graceMs);
  try {
    await http.close();
  } finally {
    clearTimeout(cutOff);
  }
}

/** One that fails does not keep the caller from waiting for the other. */
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
