import { setTimeout as delay } from 'node:timers/promises';
import { benchmarkCommand, count, counts } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { moveOrders, placeOrders } from './support/many-orders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { OrderWatchers, stalledWatcher } from './support/order-watchers.ts';
import { median, printReport, spreadOf } from './support/report.ts';
import { inRounds } from './support/rounds.ts';

/**
 * The service (`--role all`) while orders change that no, few and many gRPC streams watch, and its memory while a watcher
 * of all orders does not read.
 */
const { watchers, orders, rounds } = benchmarkCommand('watchers')
  .option('--watchers <n>', 'watchers; comma-separated', counts, [1, 100, 10_000])
  .option('--orders <n>', 'orders that change', count, 1_000)
  .option('--rounds <n>', 'rounds', count, 3)
  .parse()
  .opts<{ watchers: number[]; orders: number; rounds: number }>();

interface Watched {
  watchers: number;
  /** µs of CPU time for a change, its request and the deliveries */
  micros: number[];
  rss: number[];
}

const WARM_UP_ROUNDS = 4;

const mebibytes = (bytes: number) => bytes / 2 ** 20;
const levels: Watched[] = [0, ...watchers].map((each) => ({ watchers: each, micros: [], rss: [] }));
const stalled: number[] = [];

await withFolder(async (folder) => {
  const limits = {
    MAX_EVENT_LOOP_DELAY_MS: '0',
    MAX_STREAMS_PER_SECOND: '0',
    MAX_WATCHES_PER_CALLER: '20000',
  };
  const environment = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, ...limits };
  const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
  try {
    // The first compile the code.
    for (let warmUp = 0; warmUp < WARM_UP_ROUNDS; warmUp += 1) {
      await moveOrders(service.url, await placeOrders(service.url, orders), 'preparing');
    }
    await inRounds(rounds, async () => {
      for (const level of levels) await measure(service, level);
      stalled.push(await memoryOfStalledWatcher(service));
    });
  } finally {
    await service.stop();
  }
});

const [unwatched, ...watched] = levels.map((level) => ({
  ...level,
  name: level.watchers === 1 ? '1 watcher' : `${level.watchers} watchers`,
}));
const unwatchedMicros = unwatched?.micros ?? [];
printReport(
  `Watching ${orders} orders by gRPC streams, each of one order`,
  [
    ...[...(unwatched ? [unwatched] : []), ...watched].flatMap(({ name, micros, rss }) => [
      { name, unit: 'µs CPU a change', digits: 0, samples: micros },
      { name, unit: 'MiB RSS', digits: 0, samples: rss.map(mebibytes) },
    ]),
    // With fewer, the deliveries are lost in the variation of the changes.
    ...watched
      .filter(({ watchers }) => watchers > orders)
      .map(({ name, watchers, micros }) => ({
        ...{ name, unit: 'µs CPU a delivery', digits: 1 },
        samples: micros.map((each, round) => ((each - (unwatchedMicros[round] ?? 0)) * orders) / watchers),
      })),
    {
      ...{ name: 'a watcher of all orders that does not read', unit: 'MiB RSS more', digits: 0 },
      samples: stalled.map(mebibytes),
    },
  ],
  {
    kind: 'bars',
    title: 'What watchers cost',
    description: 'CPU time for a change of an order, by the number of gRPC streams that are open.',
    unit: 'µs CPU a change, with its request and deliveries',
    groups: levels.map((level) => `${level.watchers} watchers`),
    series: [{ name: 'order-system', values: levels.map(({ micros }) => spreadOf(micros)) }],
  },
);

async function measure(service: MeasuredProcess, level: Watched): Promise<void> {
  const ids = await placeOrders(service.url, orders);
  const watchedIds = Array.from({ length: level.watchers }, (_, index) => ids[index % orders] ?? '');
  const watching = await OrderWatchers.open(service.grpcAddress, watchedIds);
  level.rss.push(await medianRss(service));
  const micros = await cpuOf(service, async () => {
    await moveOrders(service.url, ids, 'preparing');
    await watching.received(level.watchers);
  });
  level.micros.push(micros / orders);
  watching.close();
}

async function memoryOfStalledWatcher(service: MeasuredProcess): Promise<number> {
  const ids = await placeOrders(service.url, orders);
  const before = await medianRss(service);
  const watcher = await stalledWatcher(service.grpcAddress);
  await moveOrders(service.url, ids, 'cancelled');
  const more = (await medianRss(service)) - before;
  watcher.close();
  return more;
}

/** CPU time of the service during the work, µs. */
async function cpuOf(service: MeasuredProcess, work: () => Promise<void>): Promise<number> {
  const { cpuMicros: before } = await service.usage();
  await work();
  const { cpuMicros: after } = await service.usage();
  return after - before;
}

/** The median of several readings, because garbage collection moves them. */
async function medianRss(service: MeasuredProcess): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < 9; reading += 1) {
    readings.push((await service.usage()).rssBytes);
    await delay(200);
  }
  return median(readings);
}
