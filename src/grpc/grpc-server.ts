import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Callers } from '../base/caller.ts';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { ByteLimits } from '../services/byte-counts.ts';
import { ConnectionLimit } from '../services/connection-limit.ts';
import type { LoadMonitor } from '../services/load-monitor.ts';
import type { RateLimiter } from '../services/rate-limiter.ts';
import type { ResponseBudget } from '../services/response-budget.ts';
import { draining } from '../services/server-rules.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { Calls } from './calls.ts';
import { DecodingServer } from './decoding.ts';
import { Listener } from './listener.ts';
import { INCOMPLETE_REQUEST_LIMITS, IncompleteRequests } from './incomplete-requests.ts';
import { boundLargeResponses } from './large-responses.ts';
import { createEventEncoder } from './messages.ts';
import { createOrderHandlers, type OrderHandlerDependencies } from './order-handlers.ts';
import { loadOrdersApi } from './orders-api.ts';
import { CallPrincipals } from './principals.ts';
import { addReflection } from './reflection.ts';
import { callStatus } from './rich-error.ts';
import { CONNECTION_LIMITS, serverOptions, type ConnectionLimits } from './server-options.ts';
import { ServingStatus } from './serving-status.ts';
import { StalledStreams } from './stalled-streams.ts';
import { StreamBudget } from './stream-budget.ts';
import { StreamGate } from './stream-gate.ts';
import { readTls, type TlsFiles } from './tls.ts';
import { createWatchHandlers, type WatchHandlerDependencies } from './watch-handlers.ts';

export interface GrpcDependencies {
  orderService: OrderHandlerDependencies['orderService'];
  watchService: WatchHandlerDependencies['watchService'];
  shared: WatchHandlerDependencies['shared'];
  isReady: () => Promise<boolean>;
  metrics: Metrics;
  logger: Logger;
  /** undefined: without TLS */
  tls: TlsFiles | undefined;
  callers: Callers;
  load: Pick<LoadMonitor, 'overload'>;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
  responseBudget: ResponseBudget;
  /** undefined: everyone is anonymous and may do everything */
  authenticator: Authenticator | undefined;
  /** undefined: tracing is off */
  tracer?: Tracer | undefined;
  /** serves reflection */
  documentation: boolean;
  /** a call whose request is not complete, or of whose response the client takes nothing, for this long is reset */
  responseTimeoutMs: number;
  incompleteRequestLimits?: ByteLimits;
  /** of one address; 0: no limit */
  maxConnectionsPerAddress: number;
  /** of one caller; 0: no limit */
  maxStreamsPerSecond: number;
  limits?: ConnectionLimits;
  heartbeatMs?: number;
  healthCheckMs?: number;
}

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

const SERVICE_NAMES = ['orders.v1.OrderService', 'orders.v1.OrderWatch'];

/** The gRPC server: orders and their streams, health and reflection. */
export class GrpcServer {
  readonly #dependencies: GrpcDependencies;
  readonly #calls: Calls;
  readonly #principals: CallPrincipals;
  readonly #server: Server;
  readonly #serving: ServingStatus;
  readonly #stalled: StalledStreams;
  #isDraining = false;
  #listening: { listener: Listener; injector: ConnectionInjector } | undefined;

  constructor(dependencies: GrpcDependencies) {
    const { metrics, limits = CONNECTION_LIMITS, isReady, healthCheckMs } = dependencies;
    const { callers, responseBudget, responseTimeoutMs } = dependencies;
    this.#dependencies = dependencies;
    this.#calls = new Calls(metrics);
    this.#principals = new CallPrincipals(dependencies);
    this.#stalled = new StalledStreams(responseTimeoutMs, metrics);
    this.#server = new DecodingServer(serverOptions(limits), [
      this.#calls.interceptor,
      ...this.#principals.interceptors,
      boundLargeResponses(callers, responseBudget),
    ]);
    this.#serving = new ServingStatus(SERVICE_NAMES, isReady, healthCheckMs);
  }

  /**
   * @param address `port` 0 means any free port
   * @returns the port
   * @throws ServiceError `internal` if the address is in use
   */
  async start({ host, port }: { host: string; port: number }): Promise<number> {
    const { tls: files } = this.#dependencies;
    const [api, tls] = await Promise.all([loadOrdersApi(), files === undefined ? undefined : readTls(files)]);
    const { orderService, callers, responseBudget, metrics, logger, documentation, tracer } =
      this.#dependencies;
    const gate = { logger, metrics, principals: this.#principals, calls: this.#calls, tracer };
    const encoder = createEventEncoder(api.encodeEvent);
    const { orders, watchBytes } = api;
    const ordering = { ...gate, orderService, callers, responseBudget };
    this.#server.addService(orders, createOrderHandlers(ordering));
    const { watchService, shared, heartbeatMs } = this.#dependencies;
    const watching = { ...gate, watchService, encoder, shared, callers, heartbeatMs };
    this.#server.addService(watchBytes, createWatchHandlers(watching));
    this.#serving.addTo(this.#server);
    if (documentation) await addReflection(this.#server);
    await this.#serving.start();
    const injector = this.#server.createConnectionInjector(
      tls?.credentials ?? ServerCredentials.createInsecure(),
    );
    const http2Server = http2ServerOf(this.#server);
    if ('setSecureContext' in http2Server) tls?.restrict(http2Server);
    const listener = this.#guardedListener(http2Server, (socket) => injector.injectConnection(socket));
    const bound = await listener.listen(host, port);
    this.#listening = { listener, injector };
    return bound;
  }

  #guardedListener(
    server: Http2Server | Http2SecureServer,
    onConnection: (socket: Socket) => void,
  ): Listener {
    const { callers, load, rateLimiter, metrics, authenticator } = this.#dependencies;
    const { maxConnectionsPerAddress: maxPerAddress, maxStreamsPerSecond } = this.#dependencies;
    const { incompleteRequestLimits = INCOMPLETE_REQUEST_LIMITS } = this.#dependencies;
    const gate = new StreamGate({
      ...{ callers, load, rateLimiter, metrics },
      isDraining: () => this.#isDraining,
      readsCredentials: authenticator !== undefined,
      streams: new StreamBudget(maxStreamsPerSecond),
      stalled: this.#stalled,
      incomplete: new IncompleteRequests(incompleteRequestLimits, metrics),
    });
    gate.guard(server);
    const limit = new ConnectionLimit({ protocol: 'grpc', callers, maxPerAddress, metrics });
    return new Listener(limit, (socket) => gate.isWelcome(socket), onConnection);
  }

  /**
   * Reports NOT_SERVING so that clients use other instances, ends streams, finishes calls in flight and closes. Cuts off
   * calls that still run after `graceMs`.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#serving.stop();
    this.#calls.endStreams(callStatus(draining()));
    if (this.#listening === undefined) return;
    const { listener, injector } = this.#listening;
    injector.drain(graceMs);
    await listener.close(graceMs);
    this.#server.forceShutdown();
    this.#stalled.stop();
  }
}

/** grpc-js has no access to the HTTP/2 server below it, so this reads a private field. */
function http2ServerOf(server: Server): Http2Server | Http2SecureServer {
  const servers = server['http2Servers'] as ReadonlyMap<Http2Server | Http2SecureServer, unknown>;
  const [http2Server] = servers.keys();
  if (http2Server === undefined) throw new ServiceError('internal', 'grpc-js has made no HTTP/2 server.');
  return http2Server;
}
