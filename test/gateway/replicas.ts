import type { Test } from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { ServiceProcess, type ServiceExit } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { freePorts } from '../../tools/support/free-ports.ts';
import type { ReplicaAddress } from './nginx.ts';

/** Two api replicas and workers on one Kafka. A restart keeps the address of an api replica. */
export class Replicas {
  readonly addresses: readonly ReplicaAddress[];
  readonly #environments: Record<string, string>[];
  readonly #running: ServiceProcess[] = [];
  readonly #workerEnvironments: Record<string, string>[];
  readonly #workers: ServiceProcess[] = [];

  private constructor(
    addresses: ReplicaAddress[],
    environments: { api: Record<string, string>[]; worker: Record<string, string>[] },
  ) {
    this.addresses = addresses;
    this.#environments = environments.api;
    this.#workerEnvironments = environments.worker;
  }

  static async start(
    t: Test,
    settings: Record<string, string> = {},
    workers: Record<string, string>[] = [{}],
  ): Promise<Replicas> {
    const shared = { ...kafkaEnvironment(await temporaryFolder(t)), ...settings };
    const ports = await freePorts(4);
    const pairs = [ports.slice(0, 2), ports.slice(2)];
    const replicas = new Replicas(
      pairs.map(([http, grpc]) => ({ http: `127.0.0.1:${http ?? 0}`, grpc: `127.0.0.1:${grpc ?? 0}` })),
      {
        api: pairs.map(([http, grpc]) => ({ ...shared, PORT: String(http), GRPC_PORT: String(grpc) })),
        worker: workers.map((own) => ({ ...shared, ...own })),
      },
    );
    t.teardown(async () => {
      await Promise.all([...replicas.#running, ...replicas.#workers].map((service) => service.stop()));
    });
    await Promise.all([
      replicas.startOne(0),
      replicas.startOne(1),
      ...workers.map((_, index) => replicas.startWorker(index)),
    ]);
    return replicas;
  }

  /** Starts or restarts an api replica. */
  async startOne(index: number): Promise<void> {
    this.#running[index] = await ServiceProcess.start('api', this.#environments[index] ?? {});
  }

  async startWorker(index: number): Promise<void> {
    this.#workers[index] = await ServiceProcess.start('worker', this.#workerEnvironments[index] ?? {});
  }

  /** SIGTERM. */
  stop(index: number): Promise<ServiceExit | undefined> {
    return this.#running[index]?.stop() ?? Promise.resolve(undefined);
  }

  stopWorker(index: number): Promise<ServiceExit | undefined> {
    return this.#workers[index]?.stop() ?? Promise.resolve(undefined);
  }

  /** SIGKILL. */
  async kill(index: number): Promise<void> {
    await this.#running[index]?.kill();
  }

  async killWorker(index: number): Promise<void> {
    await this.#workers[index]?.kill();
  }

  /** The log of an api replica. */
  output(index: number): string {
    return this.#running[index]?.output ?? '';
  }

  /** Of an api replica, as Prometheus text. */
  async metrics(index: number): Promise<string> {
    const response = await fetch(`http://${this.addresses[index]?.http ?? ''}/metrics`);
    return response.text();
  }
}
