import { readFile } from 'node:fs/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { draining } from '../services/server-rules.ts';
import { Calls } from './calls.ts';
import { Listener } from './listener.ts';
import { createEventEncoder } from './messages.ts';
import { createOrderHandlers, type OrderHandlerDependencies } from './order-handlers.ts';
import { loadOrdersApi } from './orders-api.ts';
import { addReflection } from './reflection.ts';
import { callStatus } from './rich-error.ts';
import { CONNECTION_LIMITS, serverOptions, type ConnectionLimits } from './server-options.ts';
import { ServingStatus } from './serving-status.ts';
import { createWatchHandlers, type WatchHandlerDependencies } from './watch-handlers.ts';

export interface GrpcDependencies {
  orderService: OrderHandlerDependencies['orderService'];
  watchService: WatchHandlerDependencies['watchService'];
  isReady: () => Promise<boolean>;
  metrics: Metrics;
  logger: Logger;
  /** paths of PEM files, checked with the settings; undefined: without TLS */
  tls: { certPath: string; keyPath: string } | undefined;
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
  readonly #server: Server;
  readonly #serving: ServingStatus;
  #isDraining = false;
  #listening: { listener: Listener; injector: ConnectionInjector } | undefined;

  constructor(dependencies: GrpcDependencies) {
    const { metrics, limits = CONNECTION_LIMITS, isReady, healthCheckMs } = dependencies;
    this.#dependencies = dependencies;
    this.#calls = new Calls(metrics);
    this.#server = new Server({ ...serverOptions(limits), interceptors: [this.#calls.interceptor] });
    this.#serving = new ServingStatus(SERVICE_NAMES, isReady, healthCheckMs);
  }

  /**
   * @param address `port` 0 means any free port
   * @returns the port
   * @throws ServiceError `internal` if the address is in use
   */
  async start({ host, port }: { host: string; port: number }): Promise<number> {
    const [api, credentials] = await Promise.all([
      loadOrdersApi(),
      serverCredentials(this.#dependencies.tls),
    ]);
    const { orderService, watchService, metrics, logger, heartbeatMs } = this.#dependencies;
    const gate = { isDraining: () => this.#isDraining, logger };
    const encoder = createEventEncoder(api.encodeEvent);
    const { orders, watchBytes } = api;
    this.#server.addService(orders, createOrderHandlers({ ...gate, orderService, metrics }));
    this.#server.addService(watchBytes, createWatchHandlers({ ...gate, watchService, encoder, heartbeatMs }));
    this.#serving.addTo(this.#server);
    await addReflection(this.#server);
    await this.#serving.start();
    const injector = this.#server.createConnectionInjector(credentials);
    const listener = new Listener((socket) => injector.injectConnection(socket));
    const bound = await listener.listen(host, port);
    this.#listening = { listener, injector };
    return bound;
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
  }
}

async function serverCredentials(tls: GrpcDependencies['tls']): Promise<ServerCredentials> {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const [chain, key] = await Promise.all([readFile(tls.certPath), readFile(tls.keyPath)]);
  return ServerCredentials.createSsl(null, [{ cert_chain: chain, private_key: key }]);
}
