import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import type { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import type { StoreTarget } from '../../src/store/target.ts';

export interface DrainTask {
  folder: string;
  /** published statuses that end the run; with a processor, those of healthy orders */
  orders: number;
  threads: number;
  batch: number;
  /** path of a module */
  processor?: string;
  /** migrated; a file in the folder when there is none */
  store?: StoreTarget;
  /** tells the progress of several logs in one store apart */
  logName?: string;
}

export interface DrainResult {
  seconds: number;
  cpuMicros: number;
  rssBytes: number;
}

/** The same for the one who fills the log and the one who drains it. */
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

/** A process that has everything ready and begins when it is told to. */
export interface PreparedDrain {
  run(): Promise<DrainResult>;
}

/** Runs one side of the comparison in a fresh process. */
export async function runDrain(module: string, task: DrainTask): Promise<DrainResult> {
  return (await prepareDrain(module, task)).run();
}

export async function prepareDrain(module: string, task: DrainTask): Promise<PreparedDrain> {
  const child = fork(new URL(`./${module}.js`, import.meta.url));
  const exited = once(child, 'exit');
  const answer = () =>
    Promise.race([
      once(child, 'message').then(([content]) => content as unknown),
      exited.then(([code]) => Promise.reject(new Error(`${module} ended with code ${String(code)}.`))),
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

/** The other side of `prepareDrain`: prepares the task that it is sent, and drains when it is told to. */
export function serveDrain(prepare: (task: DrainTask) => Promise<() => Promise<DrainResult>>): void {
  const answer = (content: unknown) => process.send?.(content);
  const serve = async (task: DrainTask) => {
    const told = once(process, 'message');
    const drain = await prepare(task);
    answer('ready');
    await told;
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
