import { setTimeout as delay } from 'node:timers/promises';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { moveOrders, placeOrders } from './support/many-orders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { OrderWatchers, stalledWatcher } from './support/order-watchers.ts';
import { median, printReport } from './support/report.ts';
import { inRounds } from './support/rounds.ts';

/**
 * The service (`--role all`): its memory with no, some and many gRPC streams, each of another order; the CPU time for a
 * delivered change; and its memory while a watcher of all orders does not read.
 */
const { watchers, rounds } = benchmarkCommand('watchers')
  .option('--watchers <n>', 'watchers', count, 10_000)
  .option('--rounds <n>', 'rounds', count, 3)
  .parse()
  .opts<{ watchers: number; rounds: number }>();
const some = Math.round(watchers / 10);

/** Watchers of one order, so that the cost of delivering a change exceeds that of the change. */
const WATCHERS_PER_ORDER = 10;

const mebibytes = (bytes: number) => bytes / 2 ** 20;
const memory = { none: [] as number[], some: [] as number[], many: [] as number[], stalled: [] as number[] };
const micros = { unwatched: [] as number[], delivered: [] as number[] };

await withFolder(async (folder) => {
  const limits = {
    MAX_EVENT_LOOP_DELAY_MS: '0',
    MAX_STREAMS_PER_SECOND: '0',
    MAX_WATCHES_PER_CALLER: '20000',
  };
  const environment = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, ...limits };
  const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
  try {
    await inRounds(rounds, () => oneRound(service));
  } finally {
    await service.stop();
  }
});

printReport(`Watching ${watchers} orders, each by a gRPC stream of its own`, [
  { name: 'RSS without watchers', unit: 'MiB', digits: 0, samples: memory.none.map(mebibytes) },
  { name: `RSS with ${some} watchers`, unit: 'MiB', digits: 0, samples: memory.some.map(mebibytes) },
  { name: `RSS with ${watchers} watchers`, unit: 'MiB', digits: 0, samples: memory.many.map(mebibytes) },
  {
    name: 'each of these watchers',
    unit: 'KiB',
    digits: 1,
    samples: memory.many.map((size, round) => (size - (memory.none[round] ?? 0)) / 1024 / watchers),
  },
  {
    name: 'a change without a watcher',
    unit: 'µs CPU, including its request',
    digits: 0,
    samples: micros.unwatched,
  },
  { name: 'delivering it to another watcher', unit: 'µs CPU', digits: 1, samples: micros.delivered },
  {
    name: `RSS with a watcher that does not read, after ${watchers} changes`,
    unit: 'MiB more',
    digits: 0,
    samples: memory.stalled.map(mebibytes),
  },
]);

async function oneRound(service: MeasuredProcess): Promise<void> {
  const { url, grpcAddress } = service;
  const orders = await placeOrders(url, watchers);
  memory.none.push(await medianRss(service));
  const all = await OrderWatchers.open(grpcAddress, orders.slice(0, some));
  memory.some.push(await medianRss(service));
  await all.watchMore(orders.slice(some));
  memory.many.push(await medianRss(service));
  await moveOrders(url, orders, 'preparing');
  await all.received(watchers);
  all.close();

  const [unwatched, watched] = [orders.slice(0, some), orders.slice(some, 2 * some)];
  const unwatchedMicros = await cpuOf(service, () => moveOrders(url, unwatched, 'dispatched'));
  const ids = watched.flatMap((id) => Array.from({ length: WATCHERS_PER_ORDER }, () => id));
  const watching = await OrderWatchers.open(grpcAddress, ids);
  const watchedMicros = await cpuOf(service, async () => {
    await moveOrders(url, watched, 'dispatched');
    await watching.received(ids.length);
  });
  watching.close();
  micros.unwatched.push(unwatchedMicros / some);
  micros.delivered.push((watchedMicros - unwatchedMicros) / ids.length);

  const before = await medianRss(service);
  const stalled = await stalledWatcher(grpcAddress);
  await moveOrders(url, orders.slice(2 * some), 'cancelled');
  memory.stalled.push((await medianRss(service)) - before);
  stalled.close();
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
