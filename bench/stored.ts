import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { PostgresServer } from '../tools/support/postgres.ts';
import { BATCH_COMPARISON, chartOfCases, measureCases, rowsOfCases } from './support/accept-cases.ts';
import type { AcceptCase, Comparison } from './support/accept-cases.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, SERVICE, UNDER_LOAD } from './support/measured-process.ts';
import { printReport } from './support/report.ts';

/**
 * The whole path: orders are sent to one process (`--role all`) until the last is stored. With the embedded log and
 * SQLite, and on Kafka and PostgreSQL; single orders, and batches of the batch endpoint.
 */
const { rounds, orders, connections, batch, other } = benchmarkCommand('stored')
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--orders <n>', 'single orders a round; four times as many in batches', count, 8_000)
  .option('--connections <n>', 'connections', count, 64)
  .option('--batch <n>', 'orders in a batch', count, 100)
  .option('--other <file>', 'dist/src/main.js of another build of the service, to measure beside it')
  .parse()
  .opts<{ rounds: number; orders: number; connections: number; batch: number; other?: string }>();

const BATCH_CONNECTIONS = 16;

const cases: AcceptCase[] = [];
const comparisons: Comparison[] = [];
const processes: MeasuredProcess[] = [];

const builds = [{ name: 'order-system', module: SERVICE }];
if (other !== undefined) builds.push({ name: 'other build', module: pathToFileURL(other) });

await withFolder(async (folder) => {
  const kafka = await startKafka({ dataDirectory: join(folder, 'kafka') });
  const postgres = await PostgresServer.launch('durable');
  try {
    for (const { name, module } of builds) {
      const start = async (settings: Record<string, string>) => {
        const common = { ...UNDER_LOAD, LOG_LEVEL: 'info' };
        const process = await MeasuredProcess.start(module, ['serve'], { ...common, ...settings });
        processes.push(process);
        return process;
      };
      const embedded = await start({ DATA_DIR: join(folder, name, 'embedded') });
      addCases(`${name}, embedded log and SQLite`, embedded);
      const onKafka = await start({
        DATA_DIR: join(folder, name, 'kafka'),
        KAFKA_BROKERS: kafka.brokers,
        KAFKA_TOPIC_PREFIX: `bench-${name === 'order-system' ? 'ours' : 'other'}-`,
        DATABASE_URL: await postgres.createDatabase(),
      });
      addCases(`${name}, Kafka and PostgreSQL`, onKafka, kafka.pid);
    }
    await measureCases(cases, rounds);
  } finally {
    for (const each of processes) await each.stop();
    await postgres.remove();
    await kafka.stop();
  }
});

const title = 'From POST to stored in one process';
printReport(
  `${title}: ${orders} orders a round over ${connections} connections`,
  rowsOfCases(cases, comparisons),
  chartOfCases(cases, {
    title: `${title}: CPU time per order`,
    description: 'CPU time of service and Kafka from sending an order until it is stored.',
  }),
);

function addCases(name: string, process: MeasuredProcess, broker?: number): void {
  const add = (suffix: string, load: AcceptCase['load']): AcceptCase => {
    const each = { name: name + suffix, process, load, untilStored: true, costs: [] };
    const added = broker === undefined ? each : { ...each, broker };
    cases.push(added);
    return added;
  };
  const single = add('', { orders, connections, ordersPerRequest: 1 });
  const batches = add(`, batches of ${batch}`, {
    ...{ orders: 4 * orders, connections: BATCH_CONNECTIONS, ordersPerRequest: batch },
  });
  comparisons.push({ ...BATCH_COMPARISON, ours: batches, reference: single });
}
