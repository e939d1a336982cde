import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Intake } from '../intake/intake.ts';
import type { OrderWatching } from '../intake/watch.ts';
import { CallFaults } from './call-faults.ts';
import { Calls } from './calls.ts';
import { serverCredentials, type TlsFiles } from './credentials.ts';
import { createEventEncoder } from './event-message.ts';
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

const SERVICES = ['orders.v1.OrderService', 'orders.v1.OrderWatch'];

/** The gRPC face: orders and their streams, health and reflection. */
export class GrpcServer {
  readonly #with: GrpcDependencies;
  readonly #calls: Calls;
  readonly #server: Server;
  readonly #serving: ServingStatus;
  #isDraining = false;
  #address: string | undefined;

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
    return this.#bind(host, port, credentials);
  }

  /**
   * Sends clients elsewhere, ends streams, answers what is under way, and closes; what is not done after `graceMs` is
   * cut off.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#serving.stop();
    this.#calls.endStreams(callStatus(draining()));
    // Not forceShutdown, which finds no connections when channelz is off.
    if (this.#address !== undefined) this.#server.drain(this.#address, graceMs);
    await new Promise<void>((resolve, reject) => {
      this.#server.tryShutdown((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  #bind(host: string, port: number, credentials: ServerCredentials): Promise<number> {
    const name = host.includes(':') ? `[${host}]` : host;
    const address = `${name}:${port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, bound) => {
        if (error !== null) {
          const detail = `gRPC cannot listen on ${address}: ${error.message}`;
          reject(new ServiceError('internal', detail, { cause: error }));
          return;
        }
        this.#address = `${name}:${bound}`;
        resolve(bound);
      });
    });
  }
}
