import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { MeasuredProcess } from './support/measured-process.ts';
import { OrderFlight } from './support/order-flight.ts';
import { printReport, ratios } from './support/report.ts';
import { RoundTrips } from './support/round-trips.ts';

/**
 * How long a watcher waits: from sending an order over HTTP to an api replica until another api replica tells a gRPC
 * watcher that it is confirmed; next to a bare round trip through the same Kafka, from `produce` to the consumer's
 * callback. An order goes through the log twice, and through the store between. Both at the same rate, in turns.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    orders: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '200' },
  },
});
const [rounds, orders, rate] = [Number(values.rounds), Number(values.orders), Number(values.rate)];

/** As the service has it by default. */
const BATCH_MAX_WAIT_MS = 10;

/** Some two minutes: the broker's JIT compiler, which takes some 15 s of CPU in the first of them, is at rest then. */
const WARM_UP_TURNS = 25;

/** About a second each, so that a machine that is busy for a while is so for both. */
const TURNS_A_ROUND = 5;
const ordersATurn = Math.ceil(orders / TURNS_A_ROUND);

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const kafka = await startKafka({ dataDirectory: join(folder, 'kafka') });
const main = new URL('../src/main.js', import.meta.url);
const environment = {
  ...{ PORT: '0', GRPC_PORT: '0', DATA_DIR: folder },
  ...{ KAFKA_BROKERS: kafka.brokers, BATCH_MAX_WAIT_MS: String(BATCH_MAX_WAIT_MS) },
};
const start = (role: string) => MeasuredProcess.start(main, ['serve', '--role', role], environment);
const services: MeasuredProcess[] = [];
const samples = { bare: both(), accepted: both(), told: both() };
try {
  const taking = await start('api');
  services.push(taking);
  const telling = await start('api');
  services.push(telling);
  services.push(await start('worker'));
  const trips = await RoundTrips.start(kafka.brokers);
  const flight = await OrderFlight.start({ takesAt: taking.url, tellsAt: telling.grpcAddress });
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    await trips.run(orders, 2 * rate);
    await flight.run(orders, 2 * rate);
  }
  for (let round = 1; round <= rounds; round += 1) {
    const taken: Record<keyof typeof samples, number[]> = { bare: [], accepted: [], told: [] };
    for (let turn = 0; turn < TURNS_A_ROUND; turn += 1) {
      taken.bare.push(...(await trips.run(ordersATurn, rate)));
      const { accepted, told } = await flight.run(ordersATurn, rate);
      taken.accepted.push(...accepted);
      taken.told.push(...told);
    }
    note('bare', taken.bare);
    note('accepted', taken.accepted);
    note('told', taken.told);
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
    await delay(500);
  }
  flight.close();
  await trips.stop();
} finally {
  for (const service of services) await service.stop();
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
}

const { bare, accepted, told } = samples;
const allowed = bare.p99.map((milliseconds) => 2.5 * milliseconds + BATCH_MAX_WAIT_MS);
printReport(
  `From sending an order to telling a watcher, ${ordersATurn * TURNS_A_ROUND} orders a round at ${rate} a second`,
  [
    { name: 'bare round trip through Kafka, p50', unit: 'ms', digits: 1, samples: bare.p50 },
    { name: 'bare round trip through Kafka, p99', unit: 'ms', digits: 1, samples: bare.p99 },
    { name: 'order sent to answered, p50', unit: 'ms', digits: 1, samples: accepted.p50 },
    { name: 'order sent to answered, p99', unit: 'ms', digits: 1, samples: accepted.p99 },
    { name: 'order sent to watcher told, p50', unit: 'ms', digits: 1, samples: told.p50 },
    { name: 'order sent to watcher told, p99', unit: 'ms', digits: 1, samples: told.p99 },
    {
      name: `p99 / (2.5 × bare p99 + ${BATCH_MAX_WAIT_MS} ms)`,
      unit: '(first mark: ≤ 1)',
      digits: 2,
      samples: ratios(told.p99, allowed),
    },
  ],
);

function both(): { p50: number[]; p99: number[] } {
  return { p50: [], p99: [] };
}

function note(name: keyof typeof samples, milliseconds: number[]): void {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  samples[name].p50.push(at(0.5));
  samples[name].p99.push(at(0.99));
}
