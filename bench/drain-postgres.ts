import { PostgresServer } from '../tools/support/postgres.ts';
import { compareDrains, drainOptions, printDrains } from './support/compare-drains.ts';
import { runDrain } from './support/drain-task.ts';

/**
 * The pipeline against pg alone writing the same rows by multi-row inserts. Every round runs both, in fresh processes on
 * fresh databases of one server. pg alone has one connection; each of our threads has two, for two batches in flight.
 */
const options = drainOptions('drain-postgres', { rounds: 5 });
const { orders, threads, batch } = options;

const postgres = await PostgresServer.launch('durable');
const drainInto = (module: string) => async (folder: string) =>
  runDrain(module, { folder, orders, threads, batch, store: await postgres.createStore() });
const { reference, ours } = await compareDrains(options, {
  reference: drainInto('drain-raw-postgres'),
  ours: drainInto('drain-ours'),
}).finally(() => postgres.remove());

printDrains(options, {
  into: 'PostgreSQL',
  reference: { name: 'pg alone', drains: reference },
  ours: { name: 'order-system, embedded log to PostgreSQL', drains: ours },
  targets: { rate: '≥ 0.7' },
});
