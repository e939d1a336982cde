import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serverJars } from '../../../tools/kafka/jars.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { World } from './world.ts';

const run = promisify(execFile);

export interface Fault {
  name: string;
  /** name and severity of each alert that must fire while it is on, and resolve after it */
  alerts: readonly string[];
  /** Returns at once or soon. @param isOn aborted when the fault must end @returns ends the fault */
  inject(world: World, isOn: AbortSignal): Promise<() => Promise<void>>;
  /** some of its alerts fire only once the fault has ended: the orders that waited are confirmed late */
  firesAfter?: readonly string[];
  /** why it cannot be injected here */
  missing?(world: World): string | undefined;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'every order fails (processor)',
    alerts: ['DeadLettersGrow ticket', 'DeadLetterFlood page'],
    async inject({ folder }) {
      await writeFile(join(folder, 'broken'), '');
      return () => rm(join(folder, 'broken'));
    },
  },
  {
    name: 'a process is killed three times',
    alerts: ['ProcessRestarts page'],
    async inject(world) {
      for (let times = 0; times < 3; times += 1) {
        await world.killReplica('all');
        await world.startReplica('all');
        // Prometheus has to see each start.
        await delay(1_200);
      }
      return () => Promise.resolve();
    },
  },
  {
    name: 'the disk is nearly full',
    alerts: ['DataDiskFull page'],
    missing: ({ disk }) => (disk === undefined ? 'mounting a small disk is not allowed' : undefined),
    async inject({ disk }) {
      const folder = disk?.folder ?? '';
      const { bavail, bsize } = await statfs(folder);
      const filler = join(folder, 'filler');
      await writeFile(filler, Buffer.alloc(Math.floor(bavail * bsize * 0.93), 1));
      return () => rm(filler);
    },
  },
  {
    name: 'Kafka answers in pulses',
    alerts: [
      'OrderAcceptSlow page',
      'OrderAcceptSlow ticket',
      'WatchersToldLate page',
      'WatchersToldLate ticket',
    ],
    inject({ kafka }, isOn) {
      const pulses = (async () => {
        while (!isOn.aborted) {
          process.kill(kafka.pid, 'SIGSTOP');
          await delay(2_000, undefined, { signal: isOn }).catch(() => undefined);
          process.kill(kafka.pid, 'SIGCONT');
          await delay(250, undefined, { signal: isOn }).catch(() => undefined);
        }
      })();
      return Promise.resolve(() => pulses);
    },
  },
  {
    name: 'Kafka is killed',
    alerts: ['OrderAcceptErrors page', 'OrderAcceptErrors ticket', 'DependencyDown page'],
    async inject(world) {
      await world.kafka.kill();
      return () => world.startBroker();
    },
  },
  {
    name: 'PostgreSQL is killed',
    alerts: ['CircuitOpen page', 'ReplicaNotReady ticket'],
    async inject({ postgres }) {
      await postgres.kill();
      return () => postgres.bringUp();
    },
  },
  {
    name: 'the worker is killed, and Kafka deletes processed records',
    alerts: [
      'InstanceDown page',
      'OrdersWaitTooLong page',
      'ConsumerLagRising ticket',
      'RetentionNearsWorker page',
      'RetriesOverdue ticket',
      'OrderConfirmSlow page',
      'OrderConfirmSlow ticket',
    ],
    firesAfter: ['OrderConfirmSlow page', 'OrderConfirmSlow ticket'],
    async inject(world, isOn) {
      const away = join(world.folder, 'away');
      await writeFile(away, '');
      for (let orders = 0; orders < 5; orders += 1) world.loads[0]?.place('c-away');
      await delay(3_000);
      await world.killReplica('worker');
      const deleting = deleteProcessed(world, isOn);
      return async () => {
        await deleting;
        await rm(away);
        await world.startReplica('worker');
      };
    },
  },
];

/**
 * As retention does: deletes a third of the processed records of each partition every few seconds, never one that is not processed.
 * Not before records have waited for nearly a minute: only then does the alert look at it.
 */
async function deleteProcessed(world: World, isOn: AbortSignal): Promise<void> {
  const jars = await serverJars({});
  const file = join(world.folder, 'delete-records.json');
  await delay(50_000, undefined, { signal: isOn }).catch(() => undefined);
  while (!isOn.aborted) {
    await delay(3_000, undefined, { signal: isOn }).catch(() => undefined);
    const partitions = await progressOf(world);
    const topic = world.topicPrefix + TOPICS.commands;
    const offsets = partitions.map(({ partition, start, progress }) => ({
      topic,
      partition,
      offset: start + Math.floor((progress - start) / 3),
    }));
    await writeFile(file, JSON.stringify({ version: 1, partitions: offsets }));
    await run('java', [
      ...['-Xmx64m', '-cp', join(jars, '*'), 'org.apache.kafka.tools.DeleteRecordsCommand'],
      ...['--bootstrap-server', world.kafka.brokers, '--offset-json-file', file],
    ]);
  }
}

interface Progress {
  partition: number;
  start: number;
  progress: number;
}

async function progressOf(world: World): Promise<Progress[]> {
  const response = await fetch(`${world.urlOf('api')}/v1/partitions`, {
    signal: AbortSignal.timeout(10_000),
  });
  return ((await response.json()) as { data: Progress[] }).data;
}
