import { PostgresServer } from '../tools/support/postgres.ts';
import { compareDrains, drainOptions } from './support/compare-drains.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { printReport, ratios } from './support/report.ts';

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

const rate = (results: DrainResult[]) => results.map(({ seconds }) => orders / seconds);
const cpu = (results: DrainResult[]) => results.map(({ cpuMicros }) => cpuMicros / orders);
printReport(`Draining ${orders} orders into PostgreSQL in batches of ${batch}, ${threads} worker thread(s)`, [
  { name: 'pg alone, same rows by unnest', unit: 'orders/s', digits: 0, samples: rate(reference) },
  { name: 'order-system, embedded log to PostgreSQL', unit: 'orders/s', digits: 0, samples: rate(ours) },
  { name: 'ratio', unit: '(target: ≥ 0.7)', digits: 2, samples: ratios(rate(ours), rate(reference)) },
  { name: 'pg alone, without the server', unit: 'µs CPU an order', digits: 1, samples: cpu(reference) },
  { name: 'order-system, without the server', unit: 'µs CPU an order', digits: 1, samples: cpu(ours) },
]);
