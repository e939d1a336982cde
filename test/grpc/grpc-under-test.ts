import type { ChannelCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Test } from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { createMetrics, type Metrics } from '../../src/base/metrics.ts';
import { GrpcServer, type GrpcDependencies } from '../../src/grpc/grpc-server.ts';
import type { ByteLimits } from '../../src/services/byte-counts.ts';
import { RESPONSE_LIMITS, ResponseBudget } from '../../src/services/response-budget.ts';
import type { OrderService } from '../../src/services/order-service.ts';
import type { StatusHub, StatusHubOptions } from '../../src/status/status-hub.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { sharedDelivery, startSmallService, type SmallService } from '../support/small-service.ts';

/** The gRPC server on a real log and a real store, listening on a free port. */
export interface GrpcUnderTest {
  server: GrpcServer;
  address: string;
  client: GrpcClient;
  service: SmallService;
  orderService: OrderService;
  hub: StatusHub;
  metrics: Metrics;
  /** every logged line */
  logged: Record<string, unknown>[];
  /** Processes all records of the log and tells watchers here. */
  process: () => Promise<void>;
}

export type Changes = Partial<Omit<GrpcDependencies, 'metrics' | 'logger'>> & {
  host?: string;
  hub?: Partial<StatusHubOptions>;
  responseLimits?: ByteLimits;
};

/**
 * @param security of the client
 * @param wanted port; 0 for a free one
 */
export async function startGrpc(
  t: Test,
  changes: Changes = {},
  security?: ChannelCredentials,
  wanted = 0,
): Promise<GrpcUnderTest> {
  const { host = '127.0.0.1', hub: hubOptions, responseLimits = RESPONSE_LIMITS, ...dependencies } = changes;
  const service = await startSmallService(t);
  const { orderService, watchService, hub } = service.replica(
    undefined,
    undefined,
    hubOptions,
    changes.tracer,
  );
  const metrics = createMetrics();
  const logged: Record<string, unknown>[] = [];
  const server = new GrpcServer({
    orderService,
    watchService,
    shared: sharedDelivery(),
    isReady: () => Promise.resolve(true),
    metrics,
    logger: pino(
      { level: 'debug' },
      { write: (line) => logged.push(JSON.parse(line) as (typeof logged)[0]) },
    ),
    tls: undefined,
    callers: new Callers([]),
    load: { overload: () => undefined },
    rateLimiter: undefined,
    authenticator: undefined,
    documentation: true,
    maxConnectionsPerAddress: 0,
    maxStreamsPerSecond: 0,
    responseBudget: new ResponseBudget(responseLimits, metrics),
    responseTimeoutMs: 30_000,
    ...dependencies,
  });
  t.teardown(() => server.stop(1_000));
  const port = await server.start({ host, port: wanted });
  const address = `${host}:${port}`;
  const client = await GrpcClient.to(address, security);
  t.teardown(() => client.close());
  const process = () => service.processAll([hub]);
  return { server, address, client, service, orderService, hub, metrics, logged, process };
}
