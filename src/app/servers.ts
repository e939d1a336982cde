import type { Authenticator } from '../auth/authenticator.ts';
import { toError } from '../base/errors.ts';
import { GrpcServer } from '../grpc/grpc-server.ts';
import { createAdminApp } from '../http/admin-app.ts';
import { createHttpApp } from '../http/app.ts';
import { RequestDurations } from '../http/plugins/request-durations.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Api } from './api.ts';
import { checkReadiness } from './readiness.ts';
import type { Context } from './context.ts';
import { closeHttp, explainListenError, listenHttp } from './listening.ts';
import { exportProcessMetrics } from './process-metrics.ts';
import type { Addresses } from './processes/addresses.ts';
import { openProtection, type Protection } from './protection.ts';

/** Slowloris guard: even a batch of 4 MiB arrives in less time. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A reader on a slow line takes something of a response more often than this. */
const RESPONSE_TIMEOUT_MS = 30_000;

/** Time beyond the acknowledgement timeout of the event log that a request in flight gets during shutdown. */
const RESPONSE_GRACE_MS = 1_000;

export interface ServerParts {
  pipeline: Pipeline | undefined;
  api: Api | undefined;
  /** undefined: everyone is anonymous and may do everything */
  authenticator: Authenticator | undefined;
  isDraining: () => boolean;
  version: string;
}

/** Opens HTTP and, unless the role is worker, gRPC. They close at the same time, with the same deadline; ADMIN_PORT after them. */
export async function openServers(context: Context, parts: ServerParts): Promise<Addresses> {
  const { config, lifecycle } = context;
  let isListening = false;
  const readinessWhen = (isListening: boolean) => {
    const { log, reader } = context;
    const isDraining = parts.isDraining();
    return checkReadiness({ log, reader, pipeline: parts.pipeline, isDraining, isListening });
  };
  const readiness = () => readinessWhen(isListening);
  exportProcessMetrics(context, {
    version: parts.version,
    isReady: async () => !parts.isDraining() && (await readiness()).ready,
  });
  const protection = await openProtection(context);
  const servers = { ...httpParts(context, parts), ...protection };
  context.siblings?.offerMetrics(() => {
    servers.durations.flush();
    return context.metrics.registry.getMetricsAsJSON();
  });
  const graceMs = config.ackTimeoutMs + RESPONSE_GRACE_MS;
  const addresses: Addresses = { http: '' };
  if (config.adminPort !== undefined) {
    const admin = createAdminApp({ ...servers, readiness });
    lifecycle.opened('admin', () => closeHttp(admin, graceMs));
    addresses.admin = await listenHttp('ADMIN_PORT', admin, { host: config.host, port: config.adminPort });
  }
  const http = await createHttpApp({ ...servers, ...httpOptions(context, parts), readiness });
  // gRPC listens last, so its health service answers only when both listen.
  const grpc =
    parts.api === undefined
      ? undefined
      : createGrpc(context, parts.api, parts, protection, () => readinessWhen(true));
  lifecycle.opened('http and grpc', () =>
    all([closeHttp(http, graceMs), ...(grpc === undefined ? [] : [grpc.stop(graceMs)])]),
  );
  addresses.http = await listenHttp('PORT', http, { host: config.host, port: config.port });
  if (grpc !== undefined) {
    const starting = grpc.start({ host: config.host, port: config.grpcPort });
    const port = await explainListenError('GRPC_PORT', config.host, config.grpcPort, starting);
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    addresses.grpc = `${host}:${port}`;
  }
  isListening = true;
  protection.load.start();
  return addresses;
}

/** The dependencies that both HTTP applications have. */
function httpParts({ config, logger, log, metrics, tracer }: Context, { api, isDraining }: ServerParts) {
  return {
    durations: new RequestDurations(
      metrics.httpRequestDuration,
      api?.stats,
      tracer && { tracer, exemplars: metrics.exemplars },
    ),
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
  };
}

function httpOptions({ config }: Context, parts: ServerParts) {
  const { api, authenticator, version } = parts;
  const { corsOrigins, documentation } = config;
  return {
    api,
    authenticator,
    version,
    corsOrigins,
    documentation,
    servesMetrics: config.adminPort === undefined,
  };
}

function createGrpc(
  { config, logger, metrics, tracer }: Context,
  api: Api,
  { authenticator }: ServerParts,
  protection: Protection,
  readiness: () => Promise<{ ready: boolean }>,
): GrpcServer {
  return new GrpcServer({
    ...protection,
    authenticator,
    documentation: config.documentation,
    tracer,
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

async function all(closing: Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(closing)).filter((result) => result.status === 'rejected');
  const [first] = failures;
  if (first !== undefined) throw toError(first.reason);
}
