import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import type { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';

export interface DrainTask {
  folder: string;
  /** published statuses that end the run; with a processor, those of healthy orders */
  orders: number;
  threads: number;
  batch: number;
  /** path of a module */
  processor?: string;
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

/** Runs one side of the comparison in a fresh process. */
export async function runDrain(module: string, task: DrainTask): Promise<DrainResult> {
  const child = fork(new URL(`./${module}.js`, import.meta.url));
  const exited = once(child, 'exit');
  const answer = Promise.race([
    once(child, 'message').then(([result]) => result as DrainResult),
    exited.then(([code]) => Promise.reject(new Error(`${module} ended with code ${String(code)}.`))),
  ]);
  child.send(task);
  const result = await answer;
  await exited;
  return result;
}
