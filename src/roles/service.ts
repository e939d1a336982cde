import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../base/config/config.ts';
import type { Logger } from '../base/logger.ts';
import { createHttpApp } from '../http/http-app.ts';
import { startApi } from './api.ts';
import { Lifecycle } from './lifecycle.ts';
import { checkReadiness } from './readiness.ts';
import { startShared, type Shared } from './shared.ts';
import { startWorker } from './worker.ts';

export interface RunningService {
  addresses: { http?: string; grpc?: string };
  /** Resolves if the service cannot go on by itself and should be restarted. */
  failed: Promise<Error>;
  /**
   * Stops accepting (readyz fails first), finishes what is in flight, commits, leaves the group and closes.
   * @throws AggregateError when a part did not close
   */
  stop(): Promise<void>;
}

/** A body of 64 KiB, or a batch of 4 MiB, that takes longer is sent by somebody slow on purpose. */
const REQUEST_TIMEOUT_MS = 30_000;

/** After the event log had its time to acknowledge, an answer is a matter of moments. */
const ANSWER_GRACE_MS = 1_000;

/** Opens the parts of the role in the order in which they need each other; they are closed in reverse. */
export async function startService(config: Config, logger: Logger, version: string): Promise<RunningService> {
  const lifecycle = new Lifecycle(logger);
  try {
    return await open(await startShared(config, logger, lifecycle), version);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function open(shared: Shared, version: string): Promise<RunningService> {
  const { config, logger, lifecycle, log, reader, metrics } = shared;
  const pipeline = config.role === 'api' ? undefined : await startWorker(shared);
  const api = config.role === 'worker' ? undefined : await startApi(shared);

  let isDraining = false;
  const http = await createHttpApp({
    intake: api?.intake,
    watching: api?.watching,
    deadLetters: api?.deadLetters,
    stats: api?.stats,
    readiness: () => checkReadiness({ log, reader, pipeline, isDraining }),
    isDraining: () => isDraining,
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
    version,
  });
  lifecycle.opened('http', () => closeHttp(http, config.ackTimeoutMs + ANSWER_GRACE_MS));
  await http.listen({ host: config.host, port: config.port });

  return {
    addresses: { http: urlOf(http.server.address()) },
    failed: pipeline?.failed ?? new Promise(() => undefined),
    async stop() {
      isDraining = true;
      await lifecycle.close();
    },
  };
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

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
