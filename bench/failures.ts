import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drainOptions } from './support/drain-options.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { fateOf } from './support/failure-mix.ts';
import { fillLog } from './support/fill-log.ts';
import { printReport, ratios } from './support/report.ts';
import { sampleOrder } from './support/sample-order.ts';

/**
 * What failing orders cost the healthy ones: the same log is drained with a processor that confirms every order, and
 * with one that fails 5 % of them for now and 1 % for good. The time is that until the last healthy order is published.
 */
const { rounds, orders, threads, batch } = drainOptions({ rounds: 25 });
const healthy = Array.from({ length: orders }, (_, index) => fateOf(sampleOrder(index))).filter(
  (state) => state === 'healthy',
).length;

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const steady: DrainResult[] = [];
const failing: DrainResult[] = [];
try {
  const filled = join(folder, 'filled');
  await fillLog(filled, orders);
  for (let round = 1; round <= rounds; round += 1) {
    // Whoever comes second finds the disk busy with what the first has left.
    const both = [
      async () => steady.push(await drainWith('steady-processor', filled)),
      async () => failing.push(await drainWith('failing-processor', filled)),
    ];
    for (const drain of round % 2 === 0 ? both : both.toReversed()) await drain();
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const rate = (results: DrainResult[]) => results.map(({ seconds }) => healthy / seconds);
printReport(
  `Draining ${healthy} healthy of ${orders} orders, batches of ${batch}, ${threads} worker thread(s)`,
  [
    { name: 'no failures', unit: 'healthy orders/s', digits: 0, samples: rate(steady) },
    { name: '5 % transient, 1 % permanent', unit: 'healthy orders/s', digits: 0, samples: rate(failing) },
    { name: 'ratio', unit: '(mark: ≥ 0.9)', digits: 3, samples: ratios(rate(failing), rate(steady)) },
  ],
);

async function drainWith(processor: string, filled: string): Promise<DrainResult> {
  const fresh = await mkdtemp(join(folder, 'round-'));
  await cp(filled, fresh, { recursive: true });
  const module = new URL(`./support/${processor}.js`, import.meta.url).pathname;
  const result = await runDrain('drain-ours', {
    folder: fresh,
    orders: healthy,
    threads,
    batch,
    processor: module,
  });
  await rm(fresh, { recursive: true });
  return result;
}
