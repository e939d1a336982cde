import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import type { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import type { StoreTarget } from '../../src/store/target.ts';

export interface DrainTask {
  /** of the log */
  folder: string;
  /** how many published statuses end the run; with a processor only healthy orders count */
  orders: number;
  threads: number;
  batch: number;
  /** path of a module */
  processor?: string;
  /** must be migrated; a SQLite file in the folder by default */
  store?: StoreTarget;
  /** keeps the progress of several logs in one store apart */
  logName?: string;
}

export interface DrainResult {
  seconds: number;
  cpuMicros: number;
}

/** Drains a task that is ready; measures nothing else. */
export type PreparedTask = () => Promise<DrainResult>;

/** For the process that fills the log and the one that drains it. */
export function logOptions(folder: string): ConstructorParameters<typeof EmbeddedEventLog>[0] {
  return {
    dataDirectory: folder,
    groupId: 'bench',
    partitions: 12,
    maxPendingRecords: 20_000,
    maxPendingBytes: 64 * 1024 * 1024,
    ackTimeoutMs: 30_000,
    retentionMs: 600_000,
    logger: pino({ level: 'warn' }),
  };
}

/** A process with a prepared task. */
export interface PreparedDrain {
  run(): Promise<DrainResult>;
}

/** Runs a task in a fresh process. @param module one that calls `serveDrain` */
export async function runDrain(module: string, task: DrainTask): Promise<DrainResult> {
  return (await prepareDrain(module, task)).run();
}

export async function prepareDrain(module: string, task: DrainTask): Promise<PreparedDrain> {
  const child = fork(new URL(`./${module}.js`, import.meta.url));
  const exited = once(child, 'exit');
  const answer = () =>
    Promise.race([
      once(child, 'message').then(([content]) => content as unknown),
      exited.then(([code]) => Promise.reject(new Error(`${module} exited with code ${String(code)}.`))),
    ]);
  const isReady = answer();
  child.send(task);
  await isReady;
  return {
    async run() {
      const result = answer();
      child.send('go');
      const drained = (await result) as DrainResult;
      await exited;
      return drained;
    },
  };
}

/** The child's side of `prepareDrain`: prepares the task that it gets, and drains it on request. */
export function serveDrain(prepare: (task: DrainTask) => Promise<PreparedTask>): void {
  const answer = (content: unknown) => process.send?.(content);
  const serve = async (task: DrainTask) => {
    const isRequested = once(process, 'message');
    const drain = await prepare(task);
    answer('ready');
    await isRequested;
    answer(await drain());
    process.disconnect();
  };
  process.once('message', (task: DrainTask) => {
    serve(task).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}

/** Measures the work in this process. */
export async function measured(work: () => Promise<void> | void): Promise<DrainResult> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpuMicros: user + system };
}
