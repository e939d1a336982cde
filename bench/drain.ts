import { compareDrains, drainOptions } from './support/compare-drains.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { printReport, ratios } from './support/report.ts';

/**
 * The pipeline (log, lanes, threads that decode, process and decide, batches) against better-sqlite3 alone writing the
 * same rows. Every round runs both, in fresh processes on fresh files.
 */
const options = drainOptions('drain', { rounds: 5 });
const { orders, threads, batch } = options;

const { reference, ours } = await compareDrains(options, {
  reference: (folder) => runDrain('drain-raw', { folder, orders, threads, batch }),
  ours: (folder) => runDrain('drain-ours', { folder, orders, threads, batch }),
});

const rate = (results: DrainResult[]) => results.map(({ seconds }) => orders / seconds);
const cpu = (results: DrainResult[]) => results.map(({ cpuMicros }) => cpuMicros / orders);
printReport(`Draining ${orders} orders into SQLite in batches of ${batch}, ${threads} worker thread(s)`, [
  { name: 'better-sqlite3 alone, same rows', unit: 'orders/s', digits: 0, samples: rate(reference) },
  { name: 'order-system, embedded log to SQLite', unit: 'orders/s', digits: 0, samples: rate(ours) },
  { name: 'ratio', unit: '(target: ≥ 0.75)', digits: 2, samples: ratios(rate(ours), rate(reference)) },
  { name: 'better-sqlite3 alone', unit: 'µs CPU an order', digits: 1, samples: cpu(reference) },
  { name: 'order-system', unit: 'µs CPU an order', digits: 1, samples: cpu(ours) },
]);
