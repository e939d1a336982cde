import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafka, type RunningKafka } from '../../../tools/kafka/broker-process.ts';
import { freePorts } from '../../../tools/support/free-ports.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { ServiceProcess } from '../../../tools/support/service-process.ts';
import { SmallDisk } from '../../drill/small-disk.ts';
import { kafkaEnvironment } from '../../support/kafka-environment.ts';
import { SteadyLoad } from './load.ts';

export type ReplicaName = 'api' | 'worker' | 'all';

/** Orders a second, at each of the two services. */
const RATE = 10;

const DISK_MEBIBYTES = 192;

/** Sources and compiled files have the same depth below the repository and dist/. */
const PROCESSOR = fileURLToPath(new URL('../../../../test/alerts/drill/processor.mjs', import.meta.url));

/**
 * Two services under load: an api and a worker on Kafka and PostgreSQL, and one process with the embedded log and SQLite, on a
 * small disk of its own where mounting is allowed. Everything is on 127.0.0.1.
 */
export class World {
  readonly folder: string;
  readonly topicPrefix: string;
  readonly #kafkaFolder: string;
  readonly #ports: Record<ReplicaName, number>;
  readonly #environments: Record<ReplicaName, Record<string, string>>;
  readonly #replicas = new Map<ReplicaName, ServiceProcess>();
  readonly postgres: PostgresServer;
  readonly disk: SmallDisk | undefined;
  kafka: RunningKafka;
  loads: SteadyLoad[] = [];

  private constructor(parts: {
    folder: string;
    kafkaFolder: string;
    kafka: RunningKafka;
    postgres: PostgresServer;
    databaseUrl: string;
    disk: SmallDisk | undefined;
    ports: Record<ReplicaName, number>;
  }) {
    const { folder, kafka, databaseUrl, ports } = parts;
    this.folder = folder;
    this.kafka = kafka;
    this.postgres = parts.postgres;
    this.disk = parts.disk;
    this.#kafkaFolder = parts.kafkaFolder;
    this.#ports = ports;
    const common = {
      LOG_LEVEL: 'info',
      PROCESSOR,
      PROCESSOR_ENV_FAULTS: folder,
      DEAD_LETTER_FLOOD_PERCENT: '20',
      WORKER_THREADS: '1',
      DATABASE_CONNECT_TIMEOUT_MS: '1000',
      RETRY_CAP_MS: '1000',
    };
    const topics = kafkaEnvironment(join(folder, 'unused'), kafka.brokers);
    const kafkaSettings = {
      ...common,
      ...topics,
      DATABASE_URL: databaseUrl,
    };
    this.topicPrefix = topics.KAFKA_TOPIC_PREFIX ?? '';
    this.#environments = {
      api: { ...kafkaSettings, PORT: String(ports.api) },
      worker: { ...kafkaSettings, PORT: String(ports.worker) },
      all: { ...common, DATA_DIR: join(folder, 'disk/data'), PORT: String(ports.all) },
    };
  }

  static async start(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'order-system-alerts-'));
    const diskFolder = join(folder, 'disk');
    await mkdir(diskFolder);
    const disk = await SmallDisk.mount(diskFolder, DISK_MEBIBYTES).catch(() => undefined);
    const kafkaFolder = join(folder, 'kafka');
    const kafka = await startKafka({ dataDirectory: kafkaFolder });
    const postgres = await PostgresServer.launch();
    const databaseUrl = await postgres.createDatabase();
    const [api = 0, worker = 0, all = 0] = await freePorts(3);
    const ports = { api, worker, all };
    const world = new World({ folder, kafkaFolder, kafka, postgres, databaseUrl, disk, ports });
    for (const name of ['api', 'worker', 'all'] as const) await world.startReplica(name);
    world.loads = [new SteadyLoad(world.urlOf('api'), RATE), new SteadyLoad(world.urlOf('all'), RATE)];
    return world;
  }

  get targets(): string[] {
    return Object.values(this.#ports).map((port) => `127.0.0.1:${port}`);
  }

  urlOf(name: ReplicaName): string {
    return `http://127.0.0.1:${this.#ports[name]}`;
  }

  async startReplica(name: ReplicaName): Promise<void> {
    this.#replicas.set(name, await ServiceProcess.start(name, this.#environments[name]));
  }

  /** SIGKILL. */
  async killReplica(name: ReplicaName): Promise<void> {
    await this.#replicas.get(name)?.kill();
    this.#replicas.delete(name);
  }

  /** After it was killed. */
  async startBroker(): Promise<void> {
    this.kafka = await startKafka({ dataDirectory: this.#kafkaFolder, port: this.kafka.port });
  }

  async stop(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop()));
    await Promise.all([...this.#replicas.values()].map((replica) => replica.stop()));
    await this.postgres.remove();
    await this.kafka.kill();
    await this.disk?.unmount();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
