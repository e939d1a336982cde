import { join } from 'node:path';
import autocannon from 'autocannon';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { printReport, ratios } from './support/report.ts';
import { inRounds } from './support/rounds.ts';
import { sampleOrder } from './support/sample-order.ts';

/**
 * CPU time of the serving process (all its threads) per order: the service on Kafka, against a bare Fastify route with
 * the same schema and a response of the same shape, and against the same route with one append to Kafka.
 */
const { rounds, requests, connections } = benchmarkCommand('accept')
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--requests <n>', 'requests a round', count, 15_000)
  .option('--connections <n>', 'connections', count, 256)
  .addHelpText('after', '\nUses the Kafka at KAFKA_BROKERS, or starts one for the time it runs.')
  .parse()
  .opts<{ rounds: number; requests: number; connections: number }>();

const REFERENCE = new URL('./support/reference-server.js', import.meta.url);
const WARM_UP_REQUESTS = 5_000;

interface Server {
  name: string;
  process: MeasuredProcess;
  cpu: number[];
  rate: number[];
  p99: number[];
}

const servers: Server[] = [];
await withFolder(async (folder) => {
  const given = process.env.KAFKA_BROKERS;
  const kafka = given === undefined ? await startKafka({ dataDirectory: join(folder, 'kafka') }) : undefined;
  const onKafka = {
    KAFKA_BROKERS: kafka?.brokers ?? given ?? '',
    KAFKA_TOPIC_PREFIX: `bench-${process.pid}-`,
  };
  const service = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'info', ...onKafka };
  try {
    await start('bare Fastify route', REFERENCE, [], {});
    await start('the same + append to Kafka', REFERENCE, ['append'], onKafka);
    await start('order-system api on Kafka', SERVICE, ['serve', '--role', 'api'], service);
    for (const server of servers) await load(server.process, WARM_UP_REQUESTS);
    await inRounds(rounds, async () => {
      for (const server of servers) await measure(server);
    });
  } finally {
    for (const server of servers) await server.process.stop();
    await kafka?.stop();
  }
});

const [bare, appending, ours] = servers.map(({ cpu }) => cpu);
printReport(`CPU per accepted order: ${requests} requests a round over ${connections} connections`, [
  ...servers.map(({ name, cpu }) => ({ name, unit: 'µs CPU an order', digits: 1, samples: cpu })),
  {
    name: 'order-system / bare',
    unit: '(target: ≤ 1.6)',
    digits: 2,
    samples: ratios(ours ?? [], bare ?? []),
  },
  { name: 'append / bare', unit: '', digits: 2, samples: ratios(appending ?? [], bare ?? []) },
  ...servers.map(({ name, rate }) => ({ name, unit: 'orders/s', digits: 0, samples: rate })),
  ...servers.map(({ name, p99 }) => ({ name, unit: 'ms, p99', digits: 0, samples: p99 })),
]);

async function start(
  name: string,
  module: URL,
  args: string[],
  environment: Record<string, string>,
): Promise<void> {
  const process = await MeasuredProcess.start(module, args, environment);
  servers.push({ name, process, cpu: [], rate: [], p99: [] });
}

async function measure({ process, cpu, rate, p99 }: Server): Promise<void> {
  const before = await process.usage();
  const { start, finish, latency } = await load(process, requests);
  const after = await process.usage();
  cpu.push((after.cpuMicros - before.cpuMicros) / requests);
  rate.push(requests / ((finish.getTime() - start.getTime()) / 1000));
  p99.push(latency.p99);
}

/** @throws Error unless every response is 202 */
async function load(target: MeasuredProcess, amount: number): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${target.url}/v1/orders`,
    method: 'POST',
    connections,
    amount,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sampleOrder(1)),
  });
  const accepted = result.statusCodeStats?.['202']?.count ?? 0;
  if (accepted !== amount) {
    throw new Error(`${accepted} of ${amount} were accepted: ${JSON.stringify(result.statusCodeStats)}`);
  }
  return result;
}
