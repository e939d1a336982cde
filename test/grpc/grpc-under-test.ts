import type { ChannelCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Test } from 'tap';
import { createMetrics, type Metrics } from '../../src/base/metrics.ts';
import { GrpcServer, type GrpcDependencies } from '../../src/grpc/grpc-server.ts';
import { createOrderWatching } from '../../src/services/watch-orders.ts';
import type { StatusHub } from '../../src/status/status-hub.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { startSmallService, type SmallService } from '../support/small-service.ts';

/** The gRPC face on a real log and a real store, listening on a free port. */
export interface GrpcUnderTest {
  server: GrpcServer;
  address: string;
  client: GrpcClient;
  service: SmallService;
  hub: StatusHub;
  metrics: Metrics;
  /** every line that was logged */
  logged: Record<string, unknown>[];
  /** Processes what the log has; whoever watches here is told. */
  process: () => Promise<void>;
}

export type Changes = Partial<Omit<GrpcDependencies, 'metrics' | 'logger'>> & { host?: string };

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
  const { host = '127.0.0.1', ...dependencies } = changes;
  const service = await startSmallService(t);
  const { intake, hub } = service.replica();
  const metrics = createMetrics();
  const logged: Record<string, unknown>[] = [];
  const server = new GrpcServer({
    intake,
    watching: createOrderWatching({ hub, reading: intake.reading, reader: service.reader }),
    isReady: () => Promise.resolve(true),
    metrics,
    logger: pino(
      { level: 'debug' },
      { write: (line) => logged.push(JSON.parse(line) as (typeof logged)[0]) },
    ),
    tls: undefined,
    ...dependencies,
  });
  t.teardown(() => server.stop(1_000));
  const port = await server.start({ host, port: wanted });
  const address = `${host}:${port}`;
  const client = await GrpcClient.to(address, security);
  t.teardown(() => client.close());
  return { server, address, client, service, hub, metrics, logged, process: () => service.processAll([hub]) };
}
