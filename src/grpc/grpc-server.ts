import { Server } from '@grpc/grpc-js';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Intake } from '../services/intake.ts';
import type { OrderWatching } from '../services/watch.ts';
import { CallFaults } from './call-faults.ts';
import { Calls } from './calls.ts';
import { serverCredentials, type TlsFiles } from './credentials.ts';
import { createEventEncoder } from './event-message.ts';
import { Listener } from './listener.ts';
import { createOrderService } from './order-service.ts';
import { createOrderWatch, HEARTBEAT_MS } from './order-watch.ts';
import { loadOrdersApi } from './orders-api.ts';
import { addReflection } from './reflection.ts';
import { callStatus } from './rich-error.ts';
import { CONNECTION_LIMITS, serverOptions, type ConnectionLimits } from './server-options.ts';
import { ServingStatus } from './serving-status.ts';
import { draining } from './unary.ts';

export interface GrpcDependencies {
  intake: Intake;
  watching: OrderWatching;
  isReady: () => Promise<boolean>;
  metrics: Metrics;
  logger: Logger;
  /** undefined: without TLS */
  tls: TlsFiles | undefined;
  limits?: ConnectionLimits;
  heartbeatMs?: number;
  healthCheckMs?: number;
}

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

const SERVICES = ['orders.v1.OrderService', 'orders.v1.OrderWatch'];

/** The gRPC face: orders and their streams, health and reflection. */
export class GrpcServer {
  readonly #with: GrpcDependencies;
  readonly #calls: Calls;
  readonly #server: Server;
  readonly #serving: ServingStatus;
  #isDraining = false;
  #listening: { listener: Listener; injector: ConnectionInjector } | undefined;

  constructor(dependencies: GrpcDependencies) {
    const { metrics, limits = CONNECTION_LIMITS, isReady, healthCheckMs } = dependencies;
    this.#with = dependencies;
    this.#calls = new Calls(metrics);
    this.#server = new Server({ ...serverOptions(limits), interceptors: [this.#calls.interceptor] });
    this.#serving = new ServingStatus(SERVICES, isReady, healthCheckMs);
  }

  /**
   * @param address `port` 0 takes any free one
   * @returns the port
   * @throws ServiceError `internal` for an address that is taken
   */
  async start({ host, port }: { host: string; port: number }): Promise<number> {
    const [api, credentials] = await Promise.all([loadOrdersApi(), serverCredentials(this.#with.tls)]);
    const { intake, watching, metrics, logger, heartbeatMs = HEARTBEAT_MS } = this.#with;
    const gate = { isDraining: () => this.#isDraining, faults: new CallFaults(logger) };
    const encoder = createEventEncoder(api.encodeEvent);
    this.#server.addService(api.orders, createOrderService({ ...gate, intake, metrics }));
    this.#server.addService(api.watchBytes, createOrderWatch({ ...gate, watching, encoder, heartbeatMs }));
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
   * Sends clients elsewhere, ends streams, answers what is under way, and closes; what is not done after `graceMs` is
   * cut off.
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
