import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Broker } from './broker.ts';
import { Closers } from './closers.ts';
import { fillDisk } from './faults/fill-disk.ts';
import { freezeService } from './faults/freeze-service.ts';
import type { Fault } from './faults/fault.ts';
import { killBroker } from './faults/kill-broker.ts';
import { killService } from './faults/kill-service.ts';
import { restartService } from './faults/restart-service.ts';
import { Member } from './member.ts';
import { SERVICES, type LogKind, type StoreKind } from './plan.ts';
import { SmallDisk } from './small-disk.ts';
import type { DrillStore } from './stores/drill-store.ts';
import { postgresStore } from './stores/postgres-store.ts';
import { sqliteStore } from './stores/sqlite-store.ts';

/** Everything that a drill runs on, and what can be done to it. */
export interface Stage {
  members: readonly Member[];
  /** addresses that take orders now */
  addresses: () => string[];
  faults: Fault[];
  /** kinds of faults that this machine does not allow, and why */
  leftOut: string[];
  store: DrillStore;
  broker: Broker | undefined;
  /** leaves no process, no mount and no file */
  close: () => Promise<void>;
}

export interface StageOptions {
  log: LogKind;
  store: StoreKind;
  /** orders that may have to find room on a disk */
  orders: number;
  /** whether this process may mount what nobody else sees */
  mayMount: boolean;
  signal: AbortSignal;
}

export const TOPIC_PREFIX = 'drill-';

/** Patience that fits into minutes: what never succeeds is given up after 10 s, and only time gives it up. */
const IMPATIENCE = {
  ACK_TIMEOUT_MS: '3000',
  WORKER_THREADS: '2',
  RETRY_BASE_MS: '200',
  RETRY_CAP_MS: '2000',
  RETRY_BUDGET_MS: '10000',
  RETRY_MAX_ATTEMPTS: '100000',
  DEAD_LETTER_FLOOD_PERCENT: '100',
};

export async function openStage(options: StageOptions): Promise<Stage> {
  const closers = new Closers();
  try {
    return await open(options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function open(options: StageOptions, closers: Closers): Promise<Stage> {
  const { log, orders, mayMount, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'order-system-drill-'));
  closers.add(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [storeFolder, logFolder] = [join(folder, 'store'), join(folder, 'log')];
  const leftOut: string[] = [];
  const faults: Fault[] = [];

  if (mayMount) {
    const mount = async (at: string): Promise<SmallDisk> => {
      const disk = await SmallDisk.mount(at, mebibytesFor(orders));
      closers.add(() => disk.unmount());
      return disk;
    };
    if (options.store === 'sqlite') faults.push(fillDisk('fill-store-disk', await mount(storeFolder)));
    if (log === 'embedded') faults.push(fillDisk('fill-log-disk', await mount(logFolder)));
  } else {
    leftOut.push('full disks: a mount that only the drill sees cannot be had here');
  }

  const store =
    options.store === 'sqlite' ? sqliteStore(join(storeFolder, 'orders.db')) : await postgresStore(closers);
  faults.push(...store.faults);

  let broker: Broker | undefined;
  const environment: Record<string, string> = {
    ...IMPATIENCE,
    DATA_DIR: logFolder,
    DATABASE_URL: store.url,
    PROCESSOR: fileURLToPath(new URL('./processor.js', import.meta.url)),
  };
  if (log === 'kafka') {
    const started = await Broker.start(join(folder, 'kafka'), signal);
    closers.add(() => started.kill());
    broker = started;
    faults.push(killBroker(broker));
    Object.assign(environment, { KAFKA_BROKERS: broker.address, KAFKA_TOPIC_PREFIX: TOPIC_PREFIX });
  }

  const members = SERVICES[log].map((name) => new Member(name, environment, signal));
  for (const member of members) closers.add(() => member.kill());
  await Promise.all(members.map((member) => member.start()));
  const byName = new Map(members.map((member) => [member.name, member]));
  faults.push(killService(byName), restartService(byName));
  faults.push(freezeService('freeze', byName), freezeService('zombie', byName));
  const takers = members.filter(({ role }) => role !== 'worker');
  return {
    members,
    addresses: () => takers.flatMap(({ address }) => address ?? []),
    faults,
    leftOut,
    store,
    broker,
    close: () => closers.close(),
  };
}

/** 64 MiB for each write-ahead log and as much again to breathe; 8 KiB an order with its events. */
function mebibytesFor(orders: number): number {
  return 192 + Math.ceil((orders * 8) / 1024);
}
