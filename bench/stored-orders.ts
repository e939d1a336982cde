import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { Option } from 'commander';
import { pino } from 'pino';
import { ALL_ORDERS } from '../src/order/access.ts';
import type { BatchStore, ListQuery, OrderReader } from '../src/store/order-store.ts';
import { migrate } from '../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../src/store/open/open-store.ts';
import { createWriteLock } from '../src/store/sqlite/write-lock.ts';
import type { StoreTarget } from '../src/store/target.ts';
import { PostgresServer, targetOf } from '../tools/support/postgres.ts';
import { benchmarkCommand, count, counts } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { withProgress } from './support/progress.ts';
import { median, printReport, ratios } from './support/report.ts';
import { inRounds } from './support/rounds.ts';
import { sampleOrder } from './support/sample-order.ts';
import { idFromRandomKey, idFromTimedKey, newId, saveOrders, type OrderIds } from './support/save-orders.ts';

/**
 * The same reads and writes on a store with few orders and on one with many, in turns. Reads are of random orders through
 * the store's port: the cost of HTTP would hide a difference.
 */
const KEYS = { none: newId, uuidv7: idFromTimedKey, random: idFromRandomKey };

const STORES = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

interface Options {
  store: 'sqlite' | 'postgres';
  keys: keyof typeof KEYS;
  few: number;
  many: number[];
  rounds: number;
  reads: number;
  batch: number;
  batches: number;
}

const { store, keys, few, many, rounds, reads, batch, batches } = benchmarkCommand('stored-orders')
  .addOption(new Option('--store <kind>', 'store').choices(['sqlite', 'postgres']).default('sqlite'))
  .addOption(
    new Option('--keys <kind>', 'Idempotency-Keys of the orders').choices(Object.keys(KEYS)).default('none'),
  )
  .option('--few <n>', 'orders in the small store', count, 10_000)
  .option('--many <n>', 'orders in the growing store; comma-separated', counts, [5_000_000])
  .option('--rounds <n>', 'rounds', count, 9)
  .option('--reads <n>', 'reads of each kind a round', count, 500)
  .option('--batch <n>', 'orders a batch', count, 500)
  .option('--batches <n>', 'batches written a round', count, 20)
  .parse()
  .opts<Options>();

const ids: OrderIds = KEYS[keys];
const FILL_BATCH = 5_000;
const PROGRESS_STEP = 50_000;

interface FilledStore {
  target: StoreTarget;
  writer: BatchStore;
  reader: OrderReader;
  /** orders so far */
  stored: number;
}

/** @param index of a random order */
type Read = (filled: FilledStore, index: number) => Promise<unknown>;

const READS: Readonly<Record<string, Read>> = {
  'GET one order': ({ reader }, index) => reader.find(ids(index), ALL_ORDERS),
  'its history': ({ reader }, index) => reader.history(ids(index), ALL_ORDERS),
  'list: newest 20': list(() => ({ limit: 20 })),
  'list: 20 of a status': list(() => ({ limit: 20, status: 'confirmed' })),
  // As many as each merchant and customer has in the small store, so that both pages have the same length.
  'list: 5 of a merchant': list((index) => ({ limit: 5, merchantId: sampleOrder(index).merchantId })),
  'list: 1 of a customer': list((index) => ({ limit: 1, customerId: sampleOrder(index).customerId })),
  'list: a page in the middle': middlePage,
};

interface Samples {
  name: string;
  target: string;
  small: number[];
  /** by the size of the growing store */
  large: Map<number, number[]>;
}

const readSamples = Object.entries(READS).map(([name, read]) => ({ ...samplesOf(name, '≤ 2'), read }));
const writeSamples = samplesOf('writing an order', '≤ 1.25');

const server = store === 'postgres' ? await PostgresServer.launch('durable') : undefined;
await withFolder(async (folder) => {
  const small = await open(folder, 'small');
  await fill(small, few);
  const large = await open(folder, 'large');
  for (const size of many) {
    await fill(large, size);
    await inRounds(rounds, async () => {
      for (const samples of readSamples) {
        samples.small.push(await readMicros(small, samples.read));
        samples.large.get(size)?.push(await readMicros(large, samples.read));
      }
      writeSamples.small.push(await writeMicros(small));
      writeSamples.large.get(size)?.push(await writeMicros(large));
    });
  }
  for (const { reader, writer } of [small, large]) await Promise.all([reader.close(), writer.close()]);
}).finally(() => server?.remove());

const allSamples = [...readSamples, writeSamples];
const figure = (size: number) => size.toLocaleString('en-US');
printReport(
  `Reads and writes in ${STORES[store]} as the store grows, Idempotency-Keys: ${keys}, batches of ${batch}`,
  [
    ...allSamples.map(({ name, small }) => ({
      name,
      unit: `µs, ${figure(few)} stored`,
      digits: 0,
      samples: small,
    })),
    ...many.flatMap((size, stage) =>
      allSamples.flatMap(({ name, target, small, large }) => {
        const samples = large.get(size) ?? [];
        const beside = small.slice(stage * rounds, (stage + 1) * rounds);
        return [
          { name, unit: `µs, ${figure(size)} stored`, digits: 0, samples },
          {
            name,
            unit: `ratio, ${figure(size)} stored`,
            digits: 2,
            samples: ratios(samples, beside),
            target,
          },
        ];
      }),
    ),
  ],
  {
    kind: 'lines',
    title: `Time of a read or write in ${STORES[store]} as the store grows`,
    description: `Microseconds of each operation with ${[few, ...many].map(figure).join(', ')} orders stored.`,
    x: { name: 'orders stored', logarithmic: true },
    y: { name: 'µs', logarithmic: true },
    series: allSamples.map(({ name, small, large }) => ({
      name,
      points: [[few, small] as const, ...large].map(([size, samples]) => [size, median(samples)] as const),
    })),
  },
);

function samplesOf(name: string, target: string): Samples {
  return { name, target, small: [], large: new Map(many.map((size) => [size, []])) };
}

async function open(folder: string, name: string): Promise<FilledStore> {
  const target: StoreTarget =
    server === undefined
      ? { kind: 'sqlite', path: join(folder, `${name}.db`) }
      : { ...targetOf(await server.createDatabase()), statementTimeoutMs: 600_000, numbersChanges: false };
  await migrate(target, pino({ level: 'warn' }));
  const writer = await openBatchStore(target, createWriteLock());
  return { target, writer, reader: await openReader(target), stored: 0 };
}

async function fill(filled: FilledStore, orders: number): Promise<void> {
  const before = filled.stored;
  await withProgress(async (update) => {
    while (filled.stored < orders) {
      const [from, to] = [filled.stored, Math.min(orders, filled.stored + PROGRESS_STEP)];
      await saveOrders(filled.writer, { ids, from, to, batch: FILL_BATCH });
      filled.stored = to;
      update((to - before) / (orders - before), `${to} of ${orders} orders stored`);
    }
  });
  await warm(filled.target);
}

/** Reads the file into the page cache, or updates the server's statistics: neither should be measured. */
async function warm(target: StoreTarget): Promise<void> {
  if (target.kind === 'sqlite') {
    await finished(createReadStream(target.path).resume());
    return;
  }
  await server?.run(target.url, 'VACUUM ANALYZE');
  await server?.run(target.url, 'CHECKPOINT');
}

async function readMicros(filled: FilledStore, read: Read): Promise<number> {
  const startedAt = performance.now();
  for (let done = 0; done < reads; done += 1) await read(filled, Math.floor(Math.random() * filled.stored));
  return ((performance.now() - startedAt) * 1_000) / reads;
}

/** The written orders stay, so the store grows a little with every round. */
async function writeMicros(filled: FilledStore): Promise<number> {
  const from = filled.stored;
  const to = from + batch * batches;
  const startedAt = performance.now();
  await saveOrders(filled.writer, { ids, from, to, batch });
  filled.stored = to;
  return ((performance.now() - startedAt) * 1_000) / (to - from);
}

function list(queryOf: (index: number) => ListQuery): Read {
  return ({ reader }, index) => reader.list(queryOf(index), ALL_ORDERS);
}

/** With the cursor of a client that has read all pages before. */
async function middlePage({ reader, stored }: FilledStore): Promise<unknown> {
  const order = await reader.find(ids(stored >> 1), ALL_ORDERS);
  return reader.list({ limit: 20, createdBefore: order?.createdAt ?? 0 }, ALL_ORDERS);
}
