import { freePorts } from '../../tools/support/free-ports.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { Gateway } from '../gateway/nginx.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { temporaryFolder, type TestScope } from '../support/temporary-folder.ts';

/** What is attacked. */
export interface Target {
  url: string;
  /** host:port */
  grpcAddress: string;
  services: readonly ServiceProcess[];
  /** a gateway answers some requests differently from the service: it hides the operators' routes */
  hidesRoutes: boolean;
}

/** Starts a fresh target, which ends with the scope. */
export type StartTarget = (scope: TestScope) => Promise<Target>;

/** One service on the embedded log and SQLite. @param rateLimit requests a second from one address; 0: no limit */
export function embeddedTarget(rateLimit: number): StartTarget {
  return async (scope) => {
    const folder = await temporaryFolder(scope);
    const service = await ServiceProcess.start('all', {
      DATA_DIR: folder,
      RATE_LIMIT_MAX: String(rateLimit),
    });
    scope.teardown(() => service.stop());
    return {
      url: service.url,
      grpcAddress: service.grpcAddress ?? '',
      services: [service],
      hidesRoutes: false,
    };
  };
}

/** Two api replicas and a worker on Kafka, behind nginx with the shipped configuration and documentation. @param whole keeps the broker */
export async function gatewayTarget(whole: TestScope, rateLimit: number): Promise<StartTarget> {
  const brokers = process.env.KAFKA_BROKERS ?? (await broker(whole));
  return async (scope) => {
    const shared = {
      ...kafkaEnvironment(await temporaryFolder(scope), brokers),
      RATE_LIMIT_MAX: String(rateLimit),
      TRUST_PROXY: '127.0.0.1',
    };
    const ports = await freePorts(4);
    const replicas = [ports.slice(0, 2), ports.slice(2)].map(([http = 0, grpc = 0]) => ({ http, grpc }));
    const start = async (role: 'api' | 'worker', own: Record<string, string> = {}) => {
      const service = await ServiceProcess.start(role, { ...shared, ...own });
      scope.teardown(() => service.stop());
      return service;
    };
    const services = await Promise.all([
      start('worker'),
      ...replicas.map(({ http, grpc }) => start('api', { PORT: String(http), GRPC_PORT: String(grpc) })),
    ]);
    const addresses = replicas.map(({ http, grpc }) => ({
      http: `127.0.0.1:${http}`,
      grpc: `127.0.0.1:${grpc}`,
    }));
    // schemathesis needs the OpenAPI document. Besides, it gives hostile clients more to attack.
    const gateway = await Gateway.start(scope, addresses, { documentation: true });
    return { url: gateway.url, grpcAddress: gateway.grpc, services, hidesRoutes: true };
  };
}

async function broker(scope: TestScope): Promise<string> {
  const kafka = await startKafka({
    dataDirectory: await temporaryFolder(scope),
    onProgress: (words) => process.stderr.write(`${words}\n`),
  });
  scope.teardown(() => kafka.stop());
  return kafka.brokers;
}
