import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { printReport, ratios } from './support/report.ts';
import { RoundTrips } from './support/round-trips.ts';
import { inRounds } from './support/rounds.ts';
import { WatchedOrders } from './support/watched-orders.ts';

/**
 * From sending an order to one api replica until a gRPC watcher of another gets it confirmed, against a bare round trip
 * through the same Kafka, from `produce` to the consumer's callback. An order passes the log twice and the store once.
 * Both run in turns at the same rate.
 */
const { rounds, orders, rate } = benchmarkCommand('latency')
  .option('--rounds <n>', 'rounds', count, 7)
  .option('--orders <n>', 'orders a round', count, 1_000)
  .option('--rate <n>', 'orders a second', count, 200)
  .parse()
  .opts<{ rounds: number; orders: number; rate: number }>();

/** The service's default. */
const BATCH_MAX_WAIT_MS = 10;

/** About two minutes, until the broker's JIT compiler has finished (some 15 s of CPU time in the first). */
const WARM_UP_TURNS = 25;

/** About a second each, so that a disturbance of the machine affects both. */
const TURNS_PER_ROUND = 5;
const ordersPerTurn = Math.ceil(orders / TURNS_PER_ROUND);

interface Percentiles {
  p50: number[];
  p99: number[];
}

const bare: Percentiles = { p50: [], p99: [] };
const accepted: Percentiles = { p50: [], p99: [] };
const watched: Percentiles = { p50: [], p99: [] };

await withFolder(async (folder) => {
  const kafka = await startKafka({ dataDirectory: join(folder, 'kafka') });
  const environment = {
    ...{ PORT: '0', GRPC_PORT: '0', DATA_DIR: folder },
    ...{ KAFKA_BROKERS: kafka.brokers, BATCH_MAX_WAIT_MS: String(BATCH_MAX_WAIT_MS) },
  };
  const services: MeasuredProcess[] = [];
  const start = async (role: string) => {
    const service = await MeasuredProcess.start(SERVICE, ['serve', '--role', role], environment);
    services.push(service);
    return service;
  };
  try {
    const { url: placeUrl } = await start('api');
    const { grpcAddress: watchAddress } = await start('api');
    await start('worker');
    await measure(
      await RoundTrips.start(kafka.brokers),
      await WatchedOrders.start({ placeUrl, watchAddress }),
    );
  } finally {
    for (const service of services) await service.stop();
    await kafka.stop();
  }
});

const allowed = bare.p99.map((milliseconds) => 2.5 * milliseconds + BATCH_MAX_WAIT_MS);
printReport(
  `From sending an order to its watcher, ${ordersPerTurn * TURNS_PER_ROUND} orders a round at ${rate} a second`,
  [
    { name: 'bare round trip through Kafka, p50', unit: 'ms', digits: 1, samples: bare.p50 },
    { name: 'bare round trip through Kafka, p99', unit: 'ms', digits: 1, samples: bare.p99 },
    { name: 'order sent to accepted, p50', unit: 'ms', digits: 1, samples: accepted.p50 },
    { name: 'order sent to accepted, p99', unit: 'ms', digits: 1, samples: accepted.p99 },
    { name: 'order sent to watched, p50', unit: 'ms', digits: 1, samples: watched.p50 },
    { name: 'order sent to watched, p99', unit: 'ms', digits: 1, samples: watched.p99 },
    {
      name: `p99 / (2.5 × bare p99 + ${BATCH_MAX_WAIT_MS} ms)`,
      unit: '(target: ≤ 1)',
      digits: 2,
      samples: ratios(watched.p99, allowed),
    },
  ],
);

async function measure(trips: RoundTrips, watchedOrders: WatchedOrders): Promise<void> {
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    await trips.run(orders, 2 * rate);
    await watchedOrders.run(orders, 2 * rate);
  }
  await inRounds(rounds, async () => {
    const milliseconds = { bare: [] as number[], accepted: [] as number[], watched: [] as number[] };
    for (let turn = 0; turn < TURNS_PER_ROUND; turn += 1) {
      milliseconds.bare.push(...(await trips.run(ordersPerTurn, rate)));
      const run = await watchedOrders.run(ordersPerTurn, rate);
      milliseconds.accepted.push(...run.accepted);
      milliseconds.watched.push(...run.watched);
    }
    addPercentiles(bare, milliseconds.bare);
    addPercentiles(accepted, milliseconds.accepted);
    addPercentiles(watched, milliseconds.watched);
    await delay(500);
  });
  watchedOrders.close();
  await trips.stop();
}

function addPercentiles({ p50, p99 }: Percentiles, milliseconds: number[]): void {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  p50.push(at(0.5));
  p99.push(at(0.99));
}
