import type { Test } from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { freePorts } from './free-ports.ts';
import type { ReplicaAddress } from './nginx.ts';

/** Two api replicas at addresses that outlive them, and a worker, all on one Kafka; gone when the test ends. */
export class Replicas {
  readonly addresses: readonly ReplicaAddress[];
  readonly #environments: Record<string, string>[];
  readonly #running: ServiceProcess[] = [];

  private constructor(addresses: ReplicaAddress[], environments: Record<string, string>[]) {
    this.addresses = addresses;
    this.#environments = environments;
  }

  static async start(t: Test, settings: Record<string, string> = {}): Promise<Replicas> {
    const shared = { ...kafkaEnvironment(await temporaryFolder(t)), ...settings };
    const ports = await freePorts(4);
    const pairs = [ports.slice(0, 2), ports.slice(2)];
    const replicas = new Replicas(
      pairs.map(([http, grpc]) => ({ http: `127.0.0.1:${http ?? 0}`, grpc: `127.0.0.1:${grpc ?? 0}` })),
      pairs.map(([http, grpc]) => ({ ...shared, PORT: String(http), GRPC_PORT: String(grpc) })),
    );
    const worker = ServiceProcess.start('worker', shared);
    t.teardown(async () => {
      await Promise.all([...replicas.#running, await worker].map((service) => service.stop()));
    });
    await Promise.all([worker, replicas.startOne(0), replicas.startOne(1)]);
    return replicas;
  }

  /** Starts, or starts again, the replica at one of the two addresses. */
  async startOne(index: number): Promise<void> {
    this.#running[index] = await ServiceProcess.start('api', this.#environments[index] ?? {});
  }

  /** SIGKILL. */
  async kill(index: number): Promise<void> {
    await this.#running[index]?.kill();
  }

  /** What one has written to its log. */
  output(index: number): string {
    return this.#running[index]?.output ?? '';
  }

  /** What one has measured, as Prometheus text. */
  async metrics(index: number): Promise<string> {
    const response = await fetch(`http://${this.addresses[index]?.http ?? ''}/metrics`);
    return response.text();
  }
}
