import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { benchmarkCommand, count, type BenchmarkName } from './benchmark-command.ts';
import type { DrainResult } from './drain-task.ts';
import { fillLog } from './fill-log.ts';
import { withCopy, withFolder } from './folders.ts';
import { printReport, ratios, spreadOf } from './report.ts';
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

interface Drained {
  name: string;
  drains: readonly DrainResult[];
}

/** Both without the CPU time of a database server. */
export function printDrains(
  { orders, batch, threads }: DrainOptions,
  compared: {
    into: string;
    reference: Drained;
    ours: Drained;
    targets: { rate: string; cpu?: string };
  },
): void {
  const { into, reference, ours, targets } = compared;
  const rate = ({ drains }: Drained) => drains.map(({ seconds }) => orders / seconds);
  const cpu = ({ drains }: Drained) => drains.map(({ cpuMicros }) => cpuMicros / orders);
  const both = [reference, ours];
  printReport(
    `Draining ${orders} orders into ${into} in batches of ${batch}, ${threads} worker thread(s)`,
    [
      ...both.map((each) => ({ name: each.name, unit: 'orders/s', digits: 0, samples: rate(each) })),
      {
        ...{ name: ours.name, unit: `rate, to ${reference.name}`, digits: 2, target: targets.rate },
        ...{ samples: ratios(rate(ours), rate(reference)), better: 'higher' },
      },
      ...both.map((each) => ({ name: each.name, unit: 'µs CPU an order', digits: 1, samples: cpu(each) })),
      {
        ...{ name: ours.name, unit: `CPU, to ${reference.name}`, digits: 2, better: 'lower' },
        ...{ samples: ratios(cpu(ours), cpu(reference)), ...(targets.cpu && { target: targets.cpu }) },
      },
    ],
    {
      kind: 'bars',
      title: `Draining a backlog into ${into}`,
      description: `Orders a second of the service and of ${reference.name}, which writes the same rows.`,
      unit: 'orders/s',
      groups: [`${threads} worker thread(s), batches of ${batch}`],
      series: both.map((each) => ({ name: each.name, values: [spreadOf(rate(each))] })),
    },
  );
}
