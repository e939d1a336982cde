import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Option } from 'commander';
import { pino } from 'pino';
import { migrate } from '../src/store/open/migrate.ts';
import { openBatchStore } from '../src/store/open/open-store.ts';
import { openReadOnly } from '../src/store/sqlite/connection.ts';
import { createWriteLock } from '../src/store/sqlite/write-lock.ts';
import type { StoreTarget } from '../src/store/target.ts';
import { PostgresServer, targetOf } from '../tools/support/postgres.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { fillWithClosedOrders, type Filled } from './support/closed-orders.ts';
import { withFolder } from './support/folders.ts';
import { recordsProcessed } from './support/many-orders.ts';
import { MeasuredProcess, SERVICE, UNDER_LOAD } from './support/measured-process.ts';
import { placeAtRate } from './support/open-loop.ts';
import { withProgress } from './support/progress.ts';
import { printReport, ratios } from './support/report.ts';
import { inRounds } from './support/rounds.ts';

/**
 * Orders at a steady rate, on a store with many old closed orders: without retention, and while it deletes them, in turns. At the
 * end, after all are deleted, exactly the others must be there.
 */
interface Options {
  store: 'sqlite' | 'postgres';
  orders: number;
  rounds: number;
  seconds: number;
  warmUp: number;
  rate: number;
}

const { store, orders, rounds, seconds, warmUp, rate } = benchmarkCommand('retention')
  .addOption(new Option('--store <kind>', 'store').choices(['sqlite', 'postgres']).default('sqlite'))
  .option('--orders <n>', 'old closed orders', count, 1_000_000)
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--seconds <n>', 'seconds measured in each turn', count, 20)
  .option('--warm-up <n>', 'seconds before', count, 5)
  .option('--rate <n>', 'orders a second', count, 500)
  .parse()
  .opts<Options>();

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 30;
const RETENTION = { ORDER_RETENTION_DAYS: String(RETENTION_DAYS) };
const DELETED = /^orders_retention_deleted_total (\d+)$/m;

const quiet = { p50: [] as number[], p99: [] as number[] };
const deleting = { p50: [] as number[], p99: [] as number[], perSecond: [] as number[] };
let accepted = 0;

const server = store === 'postgres' ? await PostgresServer.launch('durable') : undefined;
try {
  await withFolder(async (folder) => {
    const url = server === undefined ? `sqlite:${join(folder, 'orders.db')}` : await server.createDatabase();
    const target: StoreTarget =
      server === undefined
        ? { kind: 'sqlite', path: join(folder, 'orders.db') }
        : { ...targetOf(url), statementTimeoutMs: 600_000, numbersChanges: true };
    const filled = await fill(target);
    await server?.run(url, 'VACUUM ANALYZE');
    const environment = { ...UNDER_LOAD, MAX_EVENT_LOOP_DELAY_MS: '0', DATA_DIR: folder, DATABASE_URL: url };
    await inRounds(rounds, async (round) => {
      const turns = [() => measureQuiet(environment), () => measureDeleting(environment)];
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
    });
    await untilDeleted(environment, filled, () => counts(target, url));
    const { total, closed } = await counts(target, url);
    assert.equal(closed, 0, 'all old closed orders are gone');
    assert.equal(total, filled.kept + accepted, 'and nothing else');
  });
} finally {
  await server?.remove();
}

const title = `${rate} orders a second while ${orders.toLocaleString('en-US')} closed orders are deleted from ${store}`;
printReport(title, [
  { name: 'accepting an order, p50', unit: 'ms, without deleting', digits: 1, samples: quiet.p50 },
  { name: 'accepting an order, p99', unit: 'ms, without deleting', digits: 1, samples: quiet.p99 },
  { name: 'accepting an order, p50', unit: 'ms, while deleting', digits: 1, samples: deleting.p50 },
  { name: 'accepting an order, p99', unit: 'ms, while deleting', digits: 1, samples: deleting.p99 },
  { name: 'deleted', unit: 'orders a second', digits: 0, samples: deleting.perSecond },
  {
    ...{ name: 'accepting an order, p99', unit: 'ratio', digits: 2, target: '≤ 2' },
    samples: ratios(deleting.p99, quiet.p99),
  },
]);

async function fill(target: StoreTarget): Promise<Filled> {
  await migrate(target, pino({ level: 'warn' }));
  const writer = await openBatchStore(target, createWriteLock());
  try {
    return await withProgress((update) =>
      fillWithClosedOrders(writer, {
        orders,
        oldAt: Date.now() - 2 * RETENTION_DAYS * DAY_MS,
        onProgress: (done) => update(done / orders, `${done} of ${orders} closed orders stored`),
      }),
    );
  } finally {
    await writer.close();
  }
}

async function measureQuiet(environment: Record<string, string>): Promise<void> {
  await withService(environment, async (service) => addPercentiles(quiet, await measured(service)));
}

async function measureDeleting(environment: Record<string, string>): Promise<void> {
  await withService({ ...environment, ...RETENTION }, async (service) => {
    let [before, begin] = [0, 0];
    const latencies = await measured(service, async () => {
      before = await deletedBy(service);
      begin = performance.now();
    });
    const deleted = (await deletedBy(service)) - before;
    deleting.perSecond.push((deleted * 1_000) / (performance.now() - begin));
    addPercentiles(deleting, latencies);
  });
}

async function withService(
  environment: Record<string, string>,
  work: (service: MeasuredProcess) => Promise<void>,
): Promise<void> {
  const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
  try {
    await work(service);
  } finally {
    await service.stop();
  }
}

async function measured(service: MeasuredProcess, onBegin?: () => Promise<void>): Promise<number[]> {
  await place(service, warmUp);
  await onBegin?.();
  return place(service, seconds);
}

async function place({ url }: MeasuredProcess, duration: number): Promise<number[]> {
  const before = await recordsProcessed(url, 'placed');
  const latencies = await placeAtRate(url, { count: duration * rate, rate });
  accepted += latencies.length;
  // The next turn must not find a backlog.
  while ((await recordsProcessed(url, 'placed')) < before + latencies.length) await pause(50);
  return latencies;
}

/** Under the same load, until retention finds nothing more. */
async function untilDeleted(
  environment: Record<string, string>,
  filled: Filled,
  countAll: () => Promise<{ closed: number }>,
): Promise<void> {
  await withService({ ...environment, ...RETENTION }, (service) =>
    withProgress(async (update) => {
      for (;;) {
        await place(service, 2);
        const { closed } = await countAll();
        update(1 - closed / filled.old, `${closed} closed orders left`);
        if (closed === 0) return;
      }
    }),
  );
}

async function counts(target: StoreTarget, url: string): Promise<{ total: number; closed: number }> {
  const sql = `SELECT (SELECT count(*) FROM orders) AS total, (SELECT count(*) FROM orders
    WHERE status = 'cancelled' AND updated_at < ${Date.now() - RETENTION_DAYS * DAY_MS}) AS closed`;
  if (target.kind === 'postgres') {
    const [row] = (await server?.run(url, sql)) ?? [];
    return { total: Number(row?.total), closed: Number(row?.closed) };
  }
  const database = openReadOnly(target.path);
  try {
    const row = database.prepare<[], { total: number; closed: number }>(sql).get();
    return row ?? { total: 0, closed: 0 };
  } finally {
    database.close();
  }
}

async function deletedBy({ url }: MeasuredProcess): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  return Number(DELETED.exec(await response.text())?.[1] ?? 0);
}

function addPercentiles({ p50, p99 }: { p50: number[]; p99: number[] }, milliseconds: number[]): void {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  p50.push(at(0.5));
  p99.push(at(0.99));
}
