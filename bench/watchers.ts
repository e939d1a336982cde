import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MeasuredProcess } from './support/measured-process.ts';
import { moveOrders, placeOrders } from './support/order-crowd.ts';
import { OrderWatchers } from './support/order-watchers.ts';
import { printReport } from './support/report.ts';
import { stalledWatcher } from './support/stalled-watcher.ts';
import { median } from './support/statistics.ts';

/**
 * What watchers cost the service (--role all): memory with none, some and many gRPC streams, each on an order of its
 * own, all of which are told of its change; CPU for a change that is delivered; and memory while a watcher of all orders
 * does not read.
 */
const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
  },
});
const [watchers, rounds] = [Number(values.watchers), Number(values.rounds)];
const some = Math.round(watchers / 10);

/** Of one order, so that what delivering costs stands out from what changing the order costs. */
const FOLLOWERS = 10;

const megabytes = (bytes: number) => bytes / 2 ** 20;
const sizes = { none: [] as number[], some: [] as number[], many: [] as number[], stalled: [] as number[] };
const micros = { unwatched: [] as number[], delivered: [] as number[] };

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const main = new URL('../src/main.js', import.meta.url);
const environment = { PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, MAX_EVENT_LOOP_DELAY_MS: '0' };
const service = await MeasuredProcess.start(main, ['serve'], environment);
try {
  for (let round = 1; round <= rounds; round += 1) {
    await oneRound();
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}

printReport(`Watching ${watchers} orders, each by a gRPC stream of its own`, [
  { name: 'RSS without watchers', unit: 'MiB', digits: 0, samples: sizes.none.map(megabytes) },
  { name: `RSS with ${some} watchers`, unit: 'MiB', digits: 0, samples: sizes.some.map(megabytes) },
  { name: `RSS with ${watchers} watchers`, unit: 'MiB', digits: 0, samples: sizes.many.map(megabytes) },
  {
    name: 'of these, a watcher',
    unit: 'KiB',
    digits: 1,
    samples: sizes.many.map((size, round) => (size - (sizes.none[round] ?? 0)) / 1024 / watchers),
  },
  {
    name: 'a change that nobody watches',
    unit: 'µs CPU, its request included',
    digits: 0,
    samples: micros.unwatched,
  },
  { name: 'delivering it to one watcher more', unit: 'µs CPU', digits: 1, samples: micros.delivered },
  {
    name: `RSS beside a watcher that does not read, ${watchers} changes later`,
    unit: 'MiB more',
    digits: 0,
    samples: sizes.stalled.map(megabytes),
  },
]);

async function oneRound(): Promise<void> {
  const orders = await placeOrders(service.url, watchers);
  sizes.none.push(await settledRss());
  const crowd = await OrderWatchers.open(service.grpcAddress, orders.slice(0, some));
  sizes.some.push(await settledRss());
  await crowd.watchMore(orders.slice(some));
  sizes.many.push(await settledRss());
  await moveOrders(service.url, orders, 'preparing');
  await crowd.told(watchers);
  crowd.close();

  const [alone, followed] = [orders.slice(0, some), orders.slice(some, 2 * some)];
  const unwatched = await cpuOf(() => moveOrders(service.url, alone, 'dispatched'));
  const followers = await OrderWatchers.open(
    service.grpcAddress,
    followed.flatMap((id) => Array.from({ length: FOLLOWERS }, () => id)),
  );
  const watched = await cpuOf(async () => {
    await moveOrders(service.url, followed, 'dispatched');
    await followers.told(some * FOLLOWERS);
  });
  followers.close();
  micros.unwatched.push(unwatched / some);
  micros.delivered.push((watched - unwatched) / (some * FOLLOWERS));

  const calm = await settledRss();
  const stalled = await stalledWatcher(service.grpcAddress);
  await moveOrders(service.url, orders.slice(2 * some), 'cancelled');
  sizes.stalled.push((await settledRss()) - calm);
  stalled.close();
}

/** CPU time of the service in µs, until it has come to rest again. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const { cpuMicros: before } = await service.usage();
  await work();
  const { cpuMicros: after } = await service.usage();
  return after - before;
}

/** The middle of some looks: garbage comes and goes. */
async function settledRss(): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < 9; look += 1) {
    looks.push((await service.usage()).rssBytes);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return median(looks);
}
