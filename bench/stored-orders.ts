import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import type { BatchStore, ListQuery, OrderReader } from '../src/store/order-store.ts';
import { migrate } from '../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../src/store/open/open-store.ts';
import type { StoreTarget } from '../src/store/target.ts';
import { createWriteLock } from '../src/store/sqlite/write-lock.ts';
import { PostgresServer, targetOf } from '../tools/support/postgres.ts';
import { printReport, ratios } from './support/report.ts';
import { sampleOrder } from './support/sample-order.ts';
import { freshId, idOfRandomKey, idOfTimedKey, saveOrders, type OrderIds } from './support/stored-orders.ts';

/**
 * Whether what is stored slows down what comes: the same reads and writes on a store with few orders and on one with
 * many, in turns. Reads are of orders at random, through the port, so that nothing of HTTP hides a difference.
 */
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    few: { type: 'string', default: '10000' },
    many: { type: 'string', default: '5000000' },
    rounds: { type: 'string', default: '9' },
    reads: { type: 'string', default: '500' },
    batch: { type: 'string', default: '500' },
    batches: { type: 'string', default: '20' },
    /** what Idempotency-Keys the orders came with */
    keys: { type: 'string', default: 'none' },
  },
});
const ids = idsWith(values.keys);
const [few, many, rounds] = [Number(values.few), Number(values.many), Number(values.rounds)];
const [reads, batch, batches] = [Number(values.reads), Number(values.batch), Number(values.batches)];

/** A store, how many orders it has by now, and how many it had at the beginning. */
interface Filled {
  store: BatchStore;
  reader: OrderReader;
  stored: number;
}

const WRITING = 'writing an order';

const QUESTIONS: { name: string; ask: (filled: Filled, index: number) => Promise<unknown> }[] = [
  { name: 'GET one order', ask: ({ reader }, index) => reader.find(ids(index)) },
  { name: 'its history', ask: ({ reader }, index) => reader.history(ids(index)) },
  { name: 'list: newest 20', ask: list(() => ({ limit: 20 })) },
  { name: 'list: 20 of a status', ask: list(() => ({ limit: 20, status: 'confirmed' })) },
  // As many as each merchant and customer has in the store with few orders: the same page from both.
  {
    name: 'list: 5 of a merchant',
    ask: list((index) => ({ limit: 5, merchantId: sampleOrder(index).merchantId })),
  },
  {
    name: 'list: 1 of a customer',
    ask: list((index) => ({ limit: 1, customerId: sampleOrder(index).customerId })),
  },
  { name: 'list: a page in the middle', ask: middlePage() },
];

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const server = values.store === 'postgres' ? await PostgresServer.launch('durable') : undefined;
try {
  const small = await fill(few);
  const large = await fill(many);
  const samples = new Map<string, { small: number[]; large: number[] }>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, ask } of QUESTIONS) {
      const both = sampled(samples, name);
      both.small.push(await readingMicros(small, ask));
      both.large.push(await readingMicros(large, ask));
    }
    const writing = sampled(samples, WRITING);
    writing.small.push(await writingMicros(small));
    writing.large.push(await writingMicros(large));
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
  for (const { reader, store } of [small, large]) await Promise.all([reader.close(), store.close()]);
  print(samples);
} finally {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
}

function print(samples: ReadonlyMap<string, { small: number[]; large: number[] }>): void {
  const rows = [...samples].flatMap(([name, { small, large }]) => [
    { name: `${name}, ${few} stored`, unit: 'µs', digits: 0, samples: small },
    { name: `${name}, ${many} stored`, unit: 'µs', digits: 0, samples: large },
    {
      name: 'ratio',
      unit: name === WRITING ? '(mark: ≤ 1.25)' : '(mark: ≤ 2)',
      digits: 2,
      samples: ratios(large, small),
    },
  ]);
  printReport(
    `Reading and writing in ${values.store} with ${few} and with ${many} orders stored, Idempotency-Keys: ${values.keys}, batches of ${batch}`,
    rows,
  );
}

async function fill(orders: number): Promise<Filled> {
  const target: StoreTarget =
    server === undefined
      ? { kind: 'sqlite', path: join(folder, `${orders}.db`) }
      : { ...targetOf(await server.createDatabase()), statementTimeoutMs: 600_000, numbersChanges: false };
  await migrate(target, pino({ level: 'warn' }));
  const store = await openBatchStore(target, createWriteLock());
  const step = 50_000;
  for (let from = 0; from < orders; from += step) {
    await saveOrders(store, { ids, from, to: Math.min(orders, from + step), batch: 5_000 });
    if (process.stderr.isTTY) process.stderr.write(`\r${from + step} of ${orders} stored`);
  }
  await warm(target);
  return { store, reader: await openReader(target), stored: orders };
}

/** The machine's memory holds all of it then, and the server's statistics are new: neither is what is measured. */
async function warm(target: StoreTarget): Promise<void> {
  if (target.kind === 'sqlite') {
    await finished(createReadStream(target.path).resume());
    return;
  }
  await server?.run(target.url, 'VACUUM ANALYZE');
  await server?.run(target.url, 'CHECKPOINT');
}

async function readingMicros(
  filled: Filled,
  ask: (filled: Filled, index: number) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  for (let read = 0; read < reads; read += 1) await ask(filled, Math.floor(Math.random() * filled.stored));
  return ((performance.now() - startedAt) * 1_000) / reads;
}

/** What is written stays, so that a round has a little more than the one before. */
async function writingMicros(filled: Filled): Promise<number> {
  const from = filled.stored;
  const to = from + batch * batches;
  const startedAt = performance.now();
  await saveOrders(filled.store, { ids, from, to, batch });
  filled.stored = to;
  return ((performance.now() - startedAt) * 1_000) / (to - from);
}

function idsWith(keys: string): OrderIds {
  const known: Record<string, OrderIds> = { none: freshId, uuidv7: idOfTimedKey, random: idOfRandomKey };
  const ids = known[keys];
  if (ids === undefined) throw new Error(`--keys is one of ${Object.keys(known).join(', ')}.`);
  return ids;
}

function list(queryOf: (index: number) => ListQuery) {
  return ({ reader }: Filled, index: number) => reader.list(queryOf(index));
}

/** By a cursor, as somebody has it who has read all pages before. */
function middlePage() {
  return async ({ reader, stored }: Filled) => {
    const order = await reader.find(ids(stored >> 1));
    return reader.list({ limit: 20, createdBefore: order?.createdAt ?? 0 });
  };
}

function sampled(
  samples: Map<string, { small: number[]; large: number[] }>,
  name: string,
): { small: number[]; large: number[] } {
  const known = samples.get(name) ?? { small: [], large: [] };
  samples.set(name, known);
  return known;
}
