import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../tools/support/postgres.ts';
import { drainOptions } from './support/drain-options.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { fillLog } from './support/fill-log.ts';
import { printReport, ratios } from './support/report.ts';

/**
 * How fast a backlog gets into PostgreSQL: log → lanes → threads (decode, process, decide) → batches, against pg alone
 * writing the same rows by multi-row inserts. Each round runs both, in fresh processes on fresh databases of one server.
 */
const { rounds, orders, threads, batch } = drainOptions({ rounds: 5 });

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const postgres = await PostgresServer.launch('durable');
const ours: DrainResult[] = [];
const raw: DrainResult[] = [];
try {
  const filled = join(folder, 'filled');
  await fillLog(filled, orders);
  for (let round = 1; round <= rounds; round += 1) {
    // Whoever comes second finds the disk busy with what the first has left.
    const both = [
      async () => raw.push(await drainInFresh(filled, 'drain-raw-postgres')),
      async () => ours.push(await drainInFresh(filled, 'drain-ours')),
    ];
    for (const drain of round % 2 === 0 ? both : both.toReversed()) await drain();
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
}

const rate = (results: DrainResult[]) => results.map(({ seconds }) => orders / seconds);
const cpu = (results: DrainResult[]) => results.map(({ cpuMicros }) => cpuMicros / orders);
printReport(`Draining ${orders} orders into PostgreSQL in batches of ${batch}, ${threads} worker thread(s)`, [
  { name: 'raw pg, same rows by unnest', unit: 'orders/s', digits: 0, samples: rate(raw) },
  { name: 'order-system, embedded log to PostgreSQL', unit: 'orders/s', digits: 0, samples: rate(ours) },
  { name: 'ratio', unit: '(mark: ≥ 0.7)', digits: 2, samples: ratios(rate(ours), rate(raw)) },
  { name: 'raw pg, without the server', unit: 'µs CPU an order', digits: 1, samples: cpu(raw) },
  { name: 'order-system, without the server', unit: 'µs CPU an order', digits: 1, samples: cpu(ours) },
]);

async function drainInFresh(filled: string, module: string): Promise<DrainResult> {
  const fresh = await mkdtemp(join(folder, 'round-'));
  await cp(filled, fresh, { recursive: true });
  const store = await postgres.createStore();
  const result = await runDrain(module, { folder: fresh, orders, threads, batch, store });
  await rm(fresh, { recursive: true });
  return result;
}
