import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lifecycle } from '../../src/app/lifecycle.ts';
import { createLogger } from '../../src/base/logger.ts';
import { Broker, killBrokerFault } from './broker.ts';
import { ClusterNode } from './cluster-node.ts';
import type { Fault } from './fault.ts';
import { NODES, type LogKind, type StoreKind } from './plan.ts';
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
  /** whether this process may mount file systems that only it sees */
  mayMount: boolean;
  signal: AbortSignal;
}

export const TOPIC_PREFIX = 'drill-';

/** Short retries: the 10 s budget, and never the number of attempts, ends them. */
const SERVICE_SETTINGS = {
  ACK_TIMEOUT_MS: '3000',
  WORKER_THREADS: '2',
  RETRY_BASE_MS: '200',
  RETRY_CAP_MS: '2000',
  RETRY_BUDGET_MS: '10000',
  RETRY_MAX_ATTEMPTS: '100000',
  DEAD_LETTER_FLOOD_PERCENT: '100',
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
  const { log, orders, mayMount, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'order-system-drill-'));
  lifecycle.opened('folder', () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [storeFolder, logFolder] = [join(folder, 'store'), join(folder, 'log')];
  const skipped: string[] = [];
  const faults: Fault[] = [];

  if (mayMount) {
    const mount = async (at: string): Promise<SmallDisk> => {
      const disk = await SmallDisk.mount(at, mebibytesFor(orders));
      lifecycle.opened(at, () => disk.unmount());
      return disk;
    };
    if (options.store === 'sqlite') faults.push(fullDiskFault('fill-store-disk', await mount(storeFolder)));
    if (log === 'embedded') faults.push(fullDiskFault('fill-log-disk', await mount(logFolder)));
  } else {
    skipped.push('full disks: this machine allows no private mount');
  }

  const store =
    options.store === 'sqlite' ? sqliteStore(join(storeFolder, 'orders.db')) : await postgresStore(lifecycle);
  faults.push(...store.faults);

  let broker: Broker | undefined;
  const environment: Record<string, string> = {
    ...SERVICE_SETTINGS,
    DATA_DIR: logFolder,
    DATABASE_URL: store.url,
    PROCESSOR: fileURLToPath(new URL('./processor.js', import.meta.url)),
  };
  if (log === 'kafka') {
    const started = await Broker.start(join(folder, 'kafka'), signal);
    lifecycle.opened('Kafka', () => started.kill());
    broker = started;
    faults.push(killBrokerFault(broker));
    Object.assign(environment, { KAFKA_BROKERS: broker.address, KAFKA_TOPIC_PREFIX: TOPIC_PREFIX });
  }

  const nodes = NODES[log].map((name) => new ClusterNode(name, environment, signal));
  for (const node of nodes) lifecycle.opened(node.name, () => node.kill());
  await Promise.all(nodes.map((node) => node.start()));
  faults.push(...serviceFaults(new Map(nodes.map((node) => [node.name, node]))));
  const takingOrders = nodes.filter(({ role }) => role !== 'worker');
  return {
    nodes,
    addresses: () => takingOrders.flatMap(({ address }) => address ?? []),
    faults,
    skipped,
    store,
    broker,
    close: () => lifecycle.close(),
  };
}

/** Two write-ahead logs of 64 MiB and 64 MiB spare; 8 KiB for each order with its events. */
function mebibytesFor(orders: number): number {
  return 192 + Math.ceil((orders * 8) / 1024);
}
