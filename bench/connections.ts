import { join } from 'node:path';
import {
  chartOfCases,
  measureCases,
  rowsOfCases,
  type AcceptCase,
  type Comparison,
} from './support/accept-cases.ts';
import { benchmarkCommand, count, counts } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, REFERENCE, SERVICE, UNDER_LOAD } from './support/measured-process.ts';
import { printReport } from './support/report.ts';

/**
 * Orders over 100 connections while few or many are open: the service (`--role all`, embedded log) until the orders are
 * stored, against a bare Fastify route.
 */
const { rounds, orders, connections } = benchmarkCommand('connections')
  .option('--rounds <n>', 'rounds', count, 3)
  .option('--orders <n>', 'orders a round', count, 10_000)
  .option('--connections <n>', 'open connections; comma-separated', counts, [100, 1_000, 10_000])
  .parse()
  .opts<{ rounds: number; orders: number; connections: number[] }>();

const BUSY_CONNECTIONS = 100;

const cases: AcceptCase[] = [];
const comparisons: Comparison[] = [];

await withFolder(async (folder) => {
  const settings = {
    ...UNDER_LOAD,
    DATA_DIR: join(folder, 'data'),
    MAX_CONNECTIONS_PER_ADDRESS: '0',
  };
  const bare = await MeasuredProcess.start(REFERENCE, [], {});
  const service = await MeasuredProcess.start(SERVICE, ['serve'], settings);
  try {
    for (const each of connections) {
      const busy = Math.min(each, BUSY_CONNECTIONS);
      const load = { orders, connections: busy, idleConnections: each - busy, ordersPerRequest: 1 };
      const reference = { name: `bare Fastify route, ${each} connections`, process: bare, load, costs: [] };
      const named = { name: `order-system, ${each} connections`, process: service, load, costs: [] };
      const ours = { ...named, untilStored: true };
      cases.push(reference, ours);
      comparisons.push({ ours, reference, of: 'cpuMicros', unit: 'to the bare route', better: 'lower' });
    }
    await measureCases(cases, rounds);
  } finally {
    for (const each of [bare, service]) await each.stop();
  }
});

const title = 'From POST to stored with few and with many open connections';
printReport(
  `${title}: ${orders} orders a round, embedded log and SQLite`,
  rowsOfCases(cases, comparisons),
  chartOfCases(cases, {
    title: `${title}: CPU time per order`,
    description:
      'CPU time per order of the service and of a bare Fastify route, by the number of connections.',
  }),
);
