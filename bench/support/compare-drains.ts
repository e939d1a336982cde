import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { benchmarkCommand, count, type BenchmarkName } from './benchmark-command.ts';
import type { DrainResult } from './drain-task.ts';
import { fillLog } from './fill-log.ts';
import { withCopy, withFolder } from './folders.ts';
import { alternate } from './rounds.ts';

export interface DrainOptions {
  rounds: number;
  orders: number;
  threads: number;
  batch: number;
}

export function drainOptions(name: BenchmarkName, { rounds }: { rounds: number }): DrainOptions {
  return benchmarkCommand(name)
    .option('--rounds <n>', 'rounds', count, rounds)
    .option('--orders <n>', 'orders in the backlog', count, 60_000)
    .option('--threads <n>', 'worker threads', count, Math.max(1, availableParallelism() - 1))
    .option('--batch <n>', 'orders a batch', count, 500)
    .parse()
    .opts<DrainOptions>();
}

type Drain = (folder: string) => Promise<DrainResult>;

/** Drains the same backlog both ways in every round. @param drains get a fresh copy of the log */
export function compareDrains(
  { rounds, orders }: DrainOptions,
  drains: { reference: Drain; ours: Drain },
): Promise<{ reference: DrainResult[]; ours: DrainResult[] }> {
  return withFolder(async (folder) => {
    const log = join(folder, 'log');
    await fillLog(log, orders);
    return alternate(
      rounds,
      () => withCopy(log, drains.reference),
      () => withCopy(log, drains.ours),
    );
  });
}
