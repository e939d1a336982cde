import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startKafka } from '../tools/kafka/broker-process.ts';
import {
  BATCH_COMPARISON,
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
 * CPU time per order of the serving process (all its threads) and of the broker: the service on Kafka, with single orders
 * and with batches, against a bare Fastify route with the same schema and a response of the same shape, and against the
 * same route with one append to Kafka.
 */
const { rounds, orders, connections, batch, other } = benchmarkCommand('accept')
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--orders <n>', 'orders a round, for each line of the report', count, 10_000)
  .option('--connections <n>', 'connections; comma-separated', counts, [64, 256])
  .option('--batch <n>', 'orders in a batch', count, 100)
  .option('--other <file>', 'dist/src/main.js of another build of the service, to measure beside it')
  .addHelpText('after', '\nUses the Kafka at KAFKA_BROKERS, or starts one for the time it runs.')
  .parse()
  .opts<{ rounds: number; orders: number; connections: number[]; batch: number; other?: string }>();

/** With more, a batch of orders would not fit into the service's queue. */
const BATCH_CONNECTIONS = 16;

const cases: AcceptCase[] = [];
const comparisons: Comparison[] = [];
const processes: MeasuredProcess[] = [];

await withFolder(async (folder) => {
  const given = process.env.KAFKA_BROKERS;
  const kafka = given === undefined ? await startKafka({ dataDirectory: join(folder, 'kafka') }) : undefined;
  const onKafka = (name: string) => ({
    KAFKA_BROKERS: kafka?.brokers ?? given ?? '',
    KAFKA_TOPIC_PREFIX: `bench-${process.pid}-${name}-`,
  });
  const startService = (name: string, module: URL) => {
    const settings = { ...UNDER_LOAD, DATA_DIR: join(folder, name), LOG_LEVEL: 'info' };
    return start(module, ['serve', '--role', 'api'], { ...settings, ...onKafka(name) });
  };
  try {
    const bare = await start(REFERENCE, [], {});
    const append = await start(REFERENCE, ['append'], onKafka('append'));
    const services = [{ name: 'order-system', process: await startService('ours', SERVICE) }];
    if (other !== undefined) {
      services.push({ name: 'other build', process: await startService('other', pathToFileURL(other)) });
    }
    const broker = kafka === undefined ? {} : { broker: kafka.pid };
    for (const each of connections) {
      const load = { orders, connections: each, ordersPerRequest: 1 };
      const reference = add({ name: `bare Fastify route, ${each} connections`, process: bare, load });
      const compared = { reference, of: 'cpuMicros', unit: 'to the bare route' } as const;
      const appending = { name: `bare route + append to Kafka, ${each} connections`, process: append, load };
      comparisons.push({ ...compared, ours: add({ ...appending, ...broker }) });
      for (const { name, process } of services) {
        const ours = add({ name: `${name} api on Kafka, ${each} connections`, process, load, ...broker });
        comparisons.push({ ...compared, ours, target: '≤ 1.5', better: 'lower' });
      }
    }
    for (const { name, process } of services) {
      const load = { orders: 4 * orders, connections: BATCH_CONNECTIONS, ordersPerRequest: batch };
      const single = cases.findLast((each) => each.process === process);
      const ours = add({ name: `${name} api on Kafka, batches of ${batch}`, process, load, ...broker });
      if (single !== undefined) comparisons.push({ ...BATCH_COMPARISON, ours, reference: single });
    }
    await measureCases(cases, rounds);
  } finally {
    for (const each of processes) await each.stop();
    await kafka?.stop();
  }
});

const title = 'Accepting an order on Kafka';
printReport(
  `${title}: ${orders} orders a round, 12 partitions, acks=all`,
  rowsOfCases(cases, comparisons),
  chartOfCases(cases, {
    title: `${title}: CPU time per order`,
    description: 'CPU time per order of the service and of Kafka, beside a bare Fastify route.',
  }),
);

async function start(
  module: URL,
  args: string[],
  settings: Record<string, string>,
): Promise<MeasuredProcess> {
  const started = await MeasuredProcess.start(module, args, settings);
  processes.push(started);
  return started;
}

function add(each: Omit<AcceptCase, 'costs'>): AcceptCase {
  const added = { ...each, costs: [] };
  cases.push(added);
  return added;
}
