import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lifecycle } from '../../src/app/lifecycle.ts';
import { createLogger } from '../../src/base/logger.ts';
import { Broker, killBrokerFault } from './broker.ts';
import { ClusterNode } from './cluster-node.ts';
import { embeddedFaults, STORE_FILE, type DataFolders } from './embedded-faults.ts';
import type { Fault } from './fault.ts';
import { faultRow, NODES, type FaultKind, type LogKind, type StoreKind } from './fault-kinds.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import { Preloads } from './preloads.ts';
import { restoreDatabaseFault } from './restore-database-fault.ts';
import { serviceFaults } from './service-faults.ts';
import { fullDiskFault, SmallDisk } from './small-disk.ts';
import type { DrillStore } from './stores/drill-store.ts';
import { postgresStore } from './stores/postgres-store.ts';
import { sqliteStore } from './stores/sqlite-store.ts';

/** The system under test, and the faults that can be injected into it. */
export interface Cluster {
  nodes: readonly ClusterNode[];
  /** the addresses that take orders now */
  addresses: () => string[];
  faults: Fault[];
  /** faults that this machine does not allow, and why */
  skipped: string[];
  /** what services and commands did wrong during a fault */
  findings: Finding[];
  store: DrillStore;
  broker: Broker | undefined;
  /** leaves no process, mount or file behind */
  close: () => Promise<void>;
}

export interface ClusterOptions {
  log: LogKind;
  store: StoreKind;
  /** how many orders a disk must have room for */
  orders: number;
  /** those that do not apply to the log or the store are ignored */
  faults: readonly FaultKind[];
  ledger: Ledger;
  /** whether this process may mount file systems that only it sees */
  mayMount: boolean;
  signal: AbortSignal;
}

export const TOPIC_PREFIX = 'drill-';

/** Few, so that there is room to grow. */
const PARTITIONS = 4;

/** Short retries: the 10 s budget, and never the number of attempts, ends them. */
const SERVICE_SETTINGS = {
  ACK_TIMEOUT_MS: '3000',
  WORKER_THREADS: '2',
  RETRY_BASE_MS: '200',
  RETRY_CAP_MS: '2000',
  RETRY_BUDGET_MS: '10000',
  RETRY_MAX_ATTEMPTS: '100000',
  DEAD_LETTER_FLOOD_PERCENT: '100',
  KAFKA_PARTITIONS: String(PARTITIONS),
};

/** @throws Error when a part does not start; what had started is closed */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const lifecycle = new Lifecycle(createLogger('silent'));
  try {
    return await start(options, lifecycle);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function start(options: ClusterOptions, lifecycle: Lifecycle): Promise<Cluster> {
  const { log, ledger, mayMount, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'order-system-drill-'));
  lifecycle.opened('folder', () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const folders = { store: join(folder, 'store'), log: join(folder, 'log'), copies: join(folder, 'copies') };
  const skipped: string[] = [];
  const findings: Finding[] = [];
  const faults: Fault[] = [];

  if (mayMount) faults.push(...(await smallDisks(options, folders, lifecycle)));
  else skipped.push('full disks: this machine allows no private mount');

  const store =
    options.store === 'sqlite'
      ? sqliteStore(join(folders.store, STORE_FILE))
      : await postgresStore(lifecycle);
  faults.push(...store.faults);

  const environment: Record<string, string> = {
    ...SERVICE_SETTINGS,
    DATA_DIR: folders.log,
    DATABASE_URL: store.url,
    PROCESSOR: fileURLToPath(new URL('./processor.js', import.meta.url)),
  };
  let broker: Broker | undefined;
  if (log === 'kafka') {
    const started = await Broker.start(join(folder, 'kafka'), signal);
    lifecycle.opened('Kafka', () => started.kill());
    broker = started;
    Object.assign(environment, { KAFKA_BROKERS: broker.address, KAFKA_TOPIC_PREFIX: TOPIC_PREFIX });
    faults.push(killBrokerFault(broker), await growTopics(broker));
  }

  const planned = options.faults.filter((kind) => faultRow(kind).cards(options) > 0);
  const preloads = await Preloads.prepare(planned, { folder, names: NODES[log], skipped });
  lifecycle.opened('preloaded libraries', () => preloads.close());
  const nodes = NODES[log].map(
    (name) => new ClusterNode(name, { environment, ...preloads.of(name), signal }),
  );
  for (const node of nodes) lifecycle.opened(node.name, () => node.kill());
  await Promise.all(nodes.map((node) => node.start()));
  faults.push(...serviceFaults(new Map(nodes.map((node) => [node.name, node]))));
  const [node] = nodes;
  if (log === 'embedded' && node !== undefined) {
    const { disk } = preloads;
    faults.push(...embeddedFaults({ node, folders, store, ledger, findings, disk }));
  }
  if (store.database !== undefined) faults.push(restoreDatabaseFault(store.database, { nodes, ledger }));
  const takingOrders = nodes.filter(({ role }) => role !== 'worker');
  return {
    nodes,
    addresses: () => takingOrders.flatMap(({ address }) => address ?? []),
    faults,
    skipped,
    findings,
    store,
    broker,
    close: () => lifecycle.close(),
  };
}

async function smallDisks(
  { log, store, orders }: ClusterOptions,
  folders: DataFolders,
  lifecycle: Lifecycle,
): Promise<Fault[]> {
  const mount = async (at: string): Promise<SmallDisk> => {
    const disk = await SmallDisk.mount(at, mebibytesFor(orders));
    lifecycle.opened(at, () => disk.unmount());
    return disk;
  };
  const faults: Fault[] = [];
  if (store === 'sqlite') faults.push(fullDiskFault('fill-store-disk', await mount(folders.store)));
  if (log === 'embedded') faults.push(fullDiskFault('fill-log-disk', await mount(folders.log)));
  return faults;
}

/** Loaded here, so that a drill on the embedded log needs no node-rdkafka. */
async function growTopics(broker: Broker): Promise<Fault> {
  const { growTopicsFault } = await import('./grow-topics-fault.ts');
  return growTopicsFault({ brokers: broker.address, topicPrefix: TOPIC_PREFIX, partitions: PARTITIONS });
}

/** Two write-ahead logs of 64 MiB and 64 MiB spare; 8 KiB for each order with its events. */
function mebibytesFor(orders: number): number {
  return 192 + Math.ceil((orders * 8) / 1024);
}
