import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drainOptions } from './support/drain-options.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { fillLog } from './support/fill-log.ts';
import { printReport, ratios } from './support/report.ts';

/**
 * How fast a backlog gets into SQLite: log → lanes → threads (decode, process, decide) → batches, against better-sqlite3
 * alone writing the same rows. Each round runs both, in fresh processes on fresh files.
 */
const { rounds, orders, threads, batch } = drainOptions({ rounds: 5 });

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const ours: DrainResult[] = [];
const raw: DrainResult[] = [];
try {
  const filled = join(folder, 'filled');
  await fillLog(filled, orders);
  for (let round = 1; round <= rounds; round += 1) {
    await inFresh(filled, (task) => runDrain('drain-raw', task).then((result) => raw.push(result)));
    await inFresh(filled, (task) => runDrain('drain-ours', task).then((result) => ours.push(result)));
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const rate = (results: DrainResult[]) => results.map(({ seconds }) => orders / seconds);
const cpu = (results: DrainResult[]) => results.map(({ cpuMicros }) => cpuMicros / orders);
printReport(`Draining ${orders} orders into SQLite in batches of ${batch}, ${threads} worker thread(s)`, [
  { name: 'raw better-sqlite3, same rows', unit: 'orders/s', digits: 0, samples: rate(raw) },
  { name: 'order-system, embedded log to SQLite', unit: 'orders/s', digits: 0, samples: rate(ours) },
  { name: 'ratio', unit: '(first mark: ≥ 0.75)', digits: 2, samples: ratios(rate(ours), rate(raw)) },
  { name: 'raw better-sqlite3', unit: 'µs CPU an order', digits: 1, samples: cpu(raw) },
  { name: 'order-system', unit: 'µs CPU an order', digits: 1, samples: cpu(ours) },
]);

async function inFresh(
  source: string,
  run: (task: { folder: string; orders: number; threads: number; batch: number }) => Promise<unknown>,
): Promise<void> {
  const fresh = await mkdtemp(join(folder, 'round-'));
  await cp(source, fresh, { recursive: true });
  await run({ folder: fresh, orders, threads, batch });
  await rm(fresh, { recursive: true });
}
