import { compareDrains, drainOptions, printDrains } from './support/compare-drains.ts';
import { runDrain } from './support/drain-task.ts';

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

printDrains(options, {
  into: 'SQLite',
  reference: { name: 'better-sqlite3 alone', drains: reference },
  ours: { name: 'order-system, embedded log to SQLite', drains: ours },
  targets: { rate: '≥ 0.65', cpu: '≤ 2.2' },
});
