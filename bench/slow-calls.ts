import { join } from 'node:path';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { runDrain } from './support/drain-task.ts';
import { fateOf } from './support/failing-processor.ts';
import { fillLog } from './support/fill-log.ts';
import { withCopy, withFolder } from './support/folders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { printReport, ratios, spreadOf } from './support/report.ts';
import { inRounds } from './support/rounds.ts';
import { sampleOrder } from './support/sample-order.ts';
import { isSlow } from './support/timed-processor.ts';
import { WatchedOrders } from './support/watched-orders.ts';

/**
 * What slow calls of the processor do to the other orders: two services with one worker thread each, whose calls take a
 * millisecond; in one of them, a call in a hundred takes a second. Measured from sending an order until a watcher gets it
 * confirmed, in turns at the same rate. Then the throughput when every call takes 50 ms.
 */
const options = benchmarkCommand('slow-calls')
  .option('--rounds <n>', 'rounds', count, 7)
  .option('--orders <n>', 'orders a round', count, 2_000)
  .option('--rate <n>', 'orders a second', count, 200)
  .option('--backlog <n>', 'orders whose calls take 50 ms', count, 6_000)
  .parse()
  .opts<{ rounds: number; orders: number; rate: number; backlog: number }>();
const { rounds, orders, rate, backlog } = options;

const processor = new URL('./support/timed-processor.js', import.meta.url).pathname;

/** About a second each, so that a disturbance of the machine affects both. */
const TURNS_PER_ROUND = Math.ceil(orders / rate);
const WARM_UP_TURNS = 5;

const CALL_MS = 50;
const SLOTS = 64;

const steady = { p50: [] as number[], p99: [] as number[] };
const slow = { p50: [] as number[], p99: [] as number[] };

await withFolder(async (folder) => {
  const services: MeasuredProcess[] = [];
  const start = async (name: string, settings: Record<string, string>) => {
    const environment = {
      ...{ PORT: '0', GRPC_PORT: '0', DATA_DIR: join(folder, name), WORKER_THREADS: '1' },
      ...{ PROCESSOR: processor, ...settings },
    };
    const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
    services.push(service);
    return WatchedOrders.start({ placeUrl: service.url, watchAddress: service.grpcAddress });
  };
  try {
    const steadyOrders = await start('steady', {});
    const slowOrders = await start('slow', { PROCESSOR_ENV_SLOW_CALL_MS: '1000' });
    await compare(steadyOrders, slowOrders);
    for (const watched of [steadyOrders, slowOrders]) watched.close();
  } finally {
    for (const service of services) await service.stop();
  }
});

const latencies = [
  { name: 'no slow calls', ...steady },
  { name: '1 % of calls take 1 s', ...slow },
];
printReport(
  `From sending an order to its watcher, ${rate} orders a second, calls of 1 ms; orders with fast calls`,
  [
    ...latencies.map(({ name, p50 }) => ({ name, unit: 'ms, p50', digits: 1, samples: p50 })),
    ...latencies.map(({ name, p99 }) => ({ name, unit: 'ms, p99', digits: 1, samples: p99 })),
    {
      ...{ name: '1 % of calls take 1 s', unit: 'p99, to no slow calls', digits: 2, target: '≤ 1.2' },
      samples: ratios(slow.p99, steady.p99),
    },
  ],
  {
    kind: 'bars',
    title: 'What slow processor calls cost the other orders',
    description: 'Time from sending an order to its watcher, without slow calls and with one in a hundred.',
    unit: 'ms',
    groups: ['p50', 'p99'],
    series: latencies.map(({ name, p50, p99 }) => ({ name, values: [spreadOf(p50), spreadOf(p99)] })),
  },
);

const drained = await drain();
const possible = (SLOTS * 1_000) / CALL_MS;
printReport(`Draining ${backlog} orders, ${CALL_MS} ms a call, one worker thread`, [
  { name: 'order-system', unit: 'orders/s', digits: 0, samples: drained },
  {
    ...{ name: 'order-system', unit: `share of ${SLOTS} slots × 1000 / ${CALL_MS}`, digits: 2 },
    ...{ samples: drained.map((perSecond) => perSecond / possible), target: '≥ 0.8', better: 'higher' },
  },
]);

async function compare(steadyOrders: WatchedOrders, slowOrders: WatchedOrders): Promise<void> {
  const isMeasured = (index: number) => !isSlow(sampleOrder(index));
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    await steadyOrders.run(rate, rate);
    await slowOrders.run(rate, rate);
  }
  await inRounds(rounds, async () => {
    const latencies = { steady: [] as number[], slow: [] as number[] };
    for (let turn = 0; turn < TURNS_PER_ROUND; turn += 1) {
      latencies.steady.push(...(await steadyOrders.run(rate, rate, isMeasured)).watched);
      latencies.slow.push(...(await slowOrders.run(rate, rate, isMeasured)).watched);
    }
    addPercentiles(steady, latencies.steady);
    addPercentiles(slow, latencies.slow);
  });
}

/** Orders a second, one sample a round. */
async function drain(): Promise<number[]> {
  process.env.PROCESSOR_ENV_CALL_MS = String(CALL_MS);
  const indexes = Array.from({ length: backlog }, (_, index) => index);
  // Only these are counted when they are published.
  const healthy = indexes.filter((index) => fateOf(sampleOrder(index)) === 'healthy').length;
  const samples: number[] = [];
  await withFolder(async (folder) => {
    const log = join(folder, 'log');
    await fillLog(log, backlog);
    await inRounds(rounds, async () => {
      const task = { orders: healthy, threads: 1, batch: 500, processor };
      const { seconds } = await withCopy(log, (copy) => runDrain('drain-ours', { ...task, folder: copy }));
      samples.push(backlog / seconds);
    });
  });
  return samples;
}

function addPercentiles(to: { p50: number[]; p99: number[] }, milliseconds: number[]): void {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  to.p50.push(at(0.5));
  to.p99.push(at(0.99));
}
