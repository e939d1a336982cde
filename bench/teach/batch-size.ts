import { join } from 'node:path';
import { pino } from 'pino';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import type { StoreTarget } from '../../src/store/target.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { lineChart } from '../support/chart.ts';
import { withFolder } from '../support/folders.ts';
import { newId, saveOrders } from '../support/save-orders.ts';
import type { Experiment, Row, Size } from './experiment.ts';
import { percentile } from './support/percentile.ts';

const CHART_TITLE = 'Orders a second by orders in a transaction';

const SIZES = {
  full: { batches: [1, 3, 10, 30, 100, 300, 1_000], milliseconds: 1_000 },
  tiny: { batches: [1, 10], milliseconds: 20 },
} satisfies Record<Size, unknown>;

/** Filled once, so that every size writes into tables of about the same size. */
const STORED_BEFORE = 2_000;

/** Each store is this service's own, with all its tables and indexes, and every commit is on disk. */
export const batchSize: Experiment = {
  name: 'batch-size',
  variants: 'Orders in a transaction',
  columns: [
    { key: 'sqliteRate', title: 'SQLite, orders/s', digits: 0 },
    { key: 'sqliteMs', title: 'SQLite, ms a batch', digits: 2 },
    { key: 'postgresRate', title: 'PostgreSQL, orders/s', digits: 0 },
    { key: 'postgresMs', title: 'PostgreSQL, ms a batch', digits: 2 },
  ],
  chartTitle: CHART_TITLE,
  steps: (size) => 2 * SIZES[size].batches.length,
  run: (size, onStep) =>
    withFolder(async (folder) => {
      const server = await PostgresServer.launch('durable');
      try {
        const sqlite = await measure(size, { kind: 'sqlite', path: join(folder, 'orders.db') }, onStep);
        const postgres = await measure(size, await server.createStore(), onStep);
        return SIZES[size].batches.map((batch, index): Row => ({
          variant: String(batch),
          figures: {
            batch,
            sqliteRate: sqlite[index]?.rate ?? Number.NaN,
            sqliteMs: sqlite[index]?.median ?? Number.NaN,
            postgresRate: postgres[index]?.rate ?? Number.NaN,
            postgresMs: postgres[index]?.median ?? Number.NaN,
          },
        }));
      } finally {
        await server.remove();
      }
    }),
  chart: (rows) =>
    lineChart({
      title: CHART_TITLE,
      description: 'The rate rises with the size of the transaction and flattens out at some hundred orders.',
      x: { name: 'orders in a transaction', logarithmic: true },
      y: { name: 'orders/s', logarithmic: true },
      series: [
        { name: 'SQLite', points: pointsOf(rows, 'sqliteRate') },
        { name: 'PostgreSQL', points: pointsOf(rows, 'postgresRate') },
      ],
    }),
};

function pointsOf(rows: readonly Row[], key: string): [number, number][] {
  return rows.map(({ figures }) => [figures.batch ?? Number.NaN, figures[key] ?? Number.NaN]);
}

interface Measured {
  /** orders a second */
  rate: number;
  /** of the milliseconds that a batch took */
  median: number;
}

async function measure(size: Size, target: StoreTarget, onStep: () => void): Promise<Measured[]> {
  await migrate(target, pino({ level: 'silent' }));
  const store = await openBatchStore(target, createWriteLock());
  const results: Measured[] = [];
  try {
    let stored = STORED_BEFORE;
    await saveOrders(store, { ids: newId, from: 0, to: stored, batch: 500 });
    for (const batch of SIZES[size].batches) {
      const milliseconds: number[] = [];
      const startedAt = performance.now();
      let before = startedAt;
      while (before - startedAt < SIZES[size].milliseconds) {
        await saveOrders(store, { ids: newId, from: stored, to: stored + batch, batch });
        stored += batch;
        const now = performance.now();
        milliseconds.push(now - before);
        before = now;
      }
      const rate = (milliseconds.length * batch * 1_000) / (before - startedAt);
      results.push({ rate, median: percentile(milliseconds, 0.5) });
      onStep();
    }
  } finally {
    await store.close();
  }
  return results;
}
