import { join } from 'node:path';
import autocannon from 'autocannon';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { PostgresServer } from '../tools/support/postgres.ts';
import { waitUntil } from '../tools/support/wait-until.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { cpuOf, cpuOfPid, ownCpu } from './support/cpu-time.ts';
import { withFolder } from './support/folders.ts';
import { recordsProcessed } from './support/many-orders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { type Measured, printReport, ratios } from './support/report.ts';
import { inRounds } from './support/rounds.ts';
import { sampleOrder } from './support/sample-order.ts';

/**
 * Orders a second and CPU time of `--role api` on Kafka and PostgreSQL with one process and with several (API_PROCESSES), by turns.
 * Before that, with a worker: what an order costs the process that accepts it, one that only follows its status, the worker and the
 * broker. From these figures follows what more cores could give.
 */
const { rounds, requests, processes } = benchmarkCommand('processes')
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--requests <n>', 'requests a round', count, 15_000)
  .option('--processes <n>', 'processes to compare with one', count, 2)
  .addHelpText('after', '\nStarts its own Kafka and PostgreSQL.')
  .parse()
  .opts<{ rounds: number; requests: number; processes: number }>();

const CONNECTIONS = [64, 256];
const WARM_UP_REQUESTS = 8_000;

interface Costs {
  /** µs an order, except `rate` (orders/s) and percentiles (ms) */
  service: number[];
  broker: number[];
  load: number[];
  rate: number[];
  p50: number[];
  p90: number[];
  p99: number[];
}

const postgres = await PostgresServer.launch('durable');
const rows: Measured[] = [];
try {
  await withFolder(async (folder) => {
    const kafka = await startKafka({ dataDirectory: join(folder, 'kafka') });
    const environment = {
      ...{ PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'info' },
      ...{ KAFKA_BROKERS: kafka.brokers, DATABASE_URL: await postgres.createDatabase() },
    };
    const start = (role: string, changes: Record<string, string> = {}) =>
      MeasuredProcess.start(SERVICE, ['serve', '--role', role], { ...environment, ...changes });
    const services: MeasuredProcess[] = [];
    try {
      const one = await start('api');
      services.push(one);
      const several = await start('api', { API_PROCESSES: String(processes) });
      services.push(several);
      for (const service of [one, several]) await load(service, WARM_UP_REQUESTS, 64);
      const worker = await start('worker');
      try {
        rows.push(...(await measureParts(one, several, worker, kafka.pid)));
      } finally {
        // It would take CPU time in the comparison.
        await worker.stop();
      }
      for (const connections of CONNECTIONS)
        rows.push(...(await compare(one, several, connections, kafka.pid)));
    } finally {
      for (const service of services) await service.stop();
      await kafka.stop();
    }
  });
} finally {
  await postgres.remove();
}
printReport(`One process of the role api against ${processes}: ${requests} requests a round`, rows);

async function measureParts(
  accepting: MeasuredProcess,
  following: MeasuredProcess,
  worker: MeasuredProcess,
  broker: number,
): Promise<Measured[]> {
  const parts = [
    { name: 'the process that accepts it', read: () => cpuOf(accepting), by: 1 },
    { name: 'a process that only follows its status', read: () => cpuOf(following), by: processes },
    { name: 'the worker', read: () => cpuOf(worker), by: 1 },
    { name: 'the broker', read: () => cpuOfPid(broker), by: 1 },
  ].map((part) => ({ ...part, samples: [] as number[] }));
  const processed = () => recordsProcessed(worker.url, 'placed');
  const untilDrained = async (orders: number): Promise<void> => {
    const isDrained = async () => (await processed()) >= orders;
    if (await waitUntil(isDrained, { deadlineMs: 60_000, everyMs: 250 })) return;
    throw new Error(`The worker did not process ${orders} orders in time.`);
  };
  let orders = 2 * WARM_UP_REQUESTS;
  await untilDrained(orders);
  await inRounds(rounds, async () => {
    const before = await Promise.all(parts.map(({ read }) => read()));
    await load(accepting, requests, 64);
    orders += requests;
    await untilDrained(orders);
    for (const [index, { read, by, samples }] of parts.entries()) {
      samples.push(((await read()) - (before[index] ?? 0)) / by / requests);
    }
  });
  return parts.map(({ name, samples }) => ({
    ...{ name: `an order costs ${name}`, unit: 'µs CPU', digits: 1, samples },
  }));
}

async function compare(
  one: MeasuredProcess,
  several: MeasuredProcess,
  connections: number,
  broker: number,
): Promise<Measured[]> {
  const compared = [one, several].map((process) => {
    const costs: Costs = { service: [], broker: [], load: [], rate: [], p50: [], p90: [], p99: [] };
    return { process, costs };
  });
  await inRounds(rounds, async (round) => {
    for (const { process, costs } of round % 2 === 0 ? compared : compared.toReversed()) {
      const before = [await cpuOf(process), await cpuOfPid(broker), ownCpu()];
      const { start, finish, latency } = await load(process, requests, connections);
      const after = [await cpuOf(process), await cpuOfPid(broker), ownCpu()];
      const [service = 0, ofBroker = 0, ofLoad = 0] = after.map(
        (micros, index) => (micros - (before[index] ?? 0)) / requests,
      );
      costs.service.push(service);
      costs.broker.push(ofBroker);
      costs.load.push(ofLoad);
      costs.rate.push(requests / ((finish.getTime() - start.getTime()) / 1000));
      costs.p50.push(latency.p50);
      costs.p90.push(latency.p90);
      costs.p99.push(latency.p99);
    }
  });
  const [first, second] = compared.map(({ costs }) => costs.rate);
  const named = (part: keyof Costs, unit: string, digits: number): Measured[] =>
    compared.map(({ costs }, index) => {
      const name = `${connections} connections, ${index === 0 ? 'one process' : `${processes} processes`}`;
      return { name, unit, digits, samples: costs[part] };
    });
  return [
    ...named('rate', 'orders/s', 0),
    ...named('service', 'µs CPU an order, service', 1),
    ...named('broker', 'µs CPU an order, broker', 1),
    ...named('load', 'µs CPU an order, load generator', 1),
    ...named('p50', 'ms, p50', 0),
    ...named('p90', 'ms, p90', 0),
    ...named('p99', 'ms, p99, with the opening of connections', 0),
    {
      ...{ name: `${connections} connections, ${processes} processes / one`, unit: 'of orders/s', digits: 2 },
      samples: ratios(second ?? [], first ?? []),
    },
  ];
}

/** @throws Error unless every response is 202 */
async function load(
  target: MeasuredProcess,
  amount: number,
  connections: number,
): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${target.url}/v1/orders`,
    method: 'POST',
    // How precisely the end is known.
    sampleInt: 10,
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
