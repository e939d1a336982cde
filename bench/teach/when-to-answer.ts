import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { barChart } from '../support/chart.ts';
import { withFolder } from '../support/folders.ts';
import { MeasuredProcess, SERVICE } from '../support/measured-process.ts';
import type { Experiment, Row, Size } from './experiment.ts';
import { percentile } from './support/percentile.ts';
import { placeAtFullSpeed, placeSteadily, type Target } from './support/place-orders.ts';

const CHART_TITLE = 'Time to the answer, p99';

const SIZES = {
  full: { seconds: 3, rate: 200, orders: 1_000, stallMs: 1_500, warmUpSeconds: 2 },
  tiny: { seconds: 1, rate: 50, orders: 25, stallMs: 100, warmUpSeconds: 1 },
} satisfies Record<Size, unknown>;

interface Variant extends Target {
  name: string;
  /** URL of the database whose table `orders` it fills */
  database: string;
  /** resolves when the server has no work left from before */
  settled: () => Promise<void>;
}

/**
 * One Kafka, one PostgreSQL and two servers: this service, which answers when the log or when the database has the order, and one
 * that only inserts a row. Then the same while another session holds a lock on the table, as a migration does.
 */
export const whenToAnswer: Experiment = {
  name: 'when-to-answer',
  variants: 'The answer comes after',
  columns: [
    { key: 'rate', title: 'orders/s', digits: 0 },
    { key: 'p50', title: 'p50, ms', digits: 1 },
    { key: 'p99', title: 'p99, ms', digits: 1 },
    { key: 'stalledP99', title: 'p99 with the table locked for 1.5 s, ms', digits: 0 },
  ],
  chartTitle: CHART_TITLE,
  steps: () => 3 * 3,
  run: (size, onStep) => withFolder((folder) => run(folder, size, onStep)),
  chart: (rows) =>
    barChart({
      title: CHART_TITLE,
      description: 'A locked table delays the answers that wait for the database, and no others.',
      unit: 'ms',
      groups: rows.map(({ variant }) => variant),
      series: [
        { name: 'all is well', values: rows.map(({ figures }) => ({ median: figures.p99 ?? Number.NaN })) },
        {
          name: 'the table is locked for 1.5 s',
          values: rows.map(({ figures }) => ({ median: figures.stalledP99 ?? Number.NaN })),
        },
      ],
    }),
};

async function run(folder: string, size: Size, onStep: () => void): Promise<Row[]> {
  const kafka = await startKafka({ dataDirectory: join(folder, 'kafka') });
  const postgres = await PostgresServer.launch('durable');
  const servers: MeasuredProcess[] = [];
  try {
    const [ours, plain] = [await postgres.createDatabase(), await postgres.createDatabase()];
    const environment = {
      ...{ PORT: '0', GRPC_PORT: '0', DATA_DIR: folder, KAFKA_BROKERS: kafka.brokers, DATABASE_URL: ours },
      ...{ MAX_EVENT_LOOP_DELAY_MS: '0', MAX_WATCHES_PER_CALLER: '20000' },
    };
    const service = await MeasuredProcess.start(SERVICE, ['serve'], environment);
    servers.push(service);
    const direct = await MeasuredProcess.start(
      new URL('./support/direct-server.js', import.meta.url),
      [plain],
      {},
    );
    servers.push(direct);
    const throughLog = { url: service.url, database: ours, settled: () => backlogProcessed(service.url) };
    const inDatabase = { url: direct.url, database: plain, settled: () => Promise.resolve() };
    const variants: Variant[] = [
      { ...throughLog, name: 'the log (202)', headers: {}, status: 202 },
      { ...throughLog, name: 'log and database (201)', headers: { prefer: 'wait=20' }, status: 201 },
      { ...inDatabase, name: 'the database alone', headers: {}, status: 201 },
    ];
    return await measure(postgres, variants, size, onStep);
  } finally {
    for (const server of servers) await server.stop();
    await postgres.remove();
    await kafka.stop();
  }
}

async function measure(
  postgres: PostgresServer,
  variants: readonly Variant[],
  size: Size,
  onStep: () => void,
): Promise<Row[]> {
  const { seconds, rate, orders, stallMs, warmUpSeconds } = SIZES[size];
  for (const variant of variants) await placeAtFullSpeed(variant, warmUpSeconds);
  const rows: Row[] = [];
  for (const variant of variants) {
    await variant.settled();
    const calm = await placeSteadily(variant, orders, rate);
    onStep();
    await variant.settled();
    const [stalled] = await Promise.all([
      placeSteadily(variant, orders, rate),
      lockOrders(postgres, variant.database, stallMs),
    ]);
    onStep();
    const figures = {
      ...{ p50: percentile(calm, 0.5), p99: percentile(calm, 0.99) },
      stalledP99: percentile(stalled, 0.99),
    };
    rows.push({ variant: variant.name, figures });
  }
  for (const [index, variant] of variants.entries()) {
    const row = rows[index];
    await variant.settled();
    const rate = await placeAtFullSpeed(variant, seconds);
    if (row !== undefined) rows[index] = { ...row, figures: { rate, ...row.figures } };
    onStep();
  }
  return rows;
}

/** After a second of calm. */
async function lockOrders(postgres: PostgresServer, database: string, milliseconds: number): Promise<void> {
  const session = await postgres.connect(database);
  try {
    await delay(1_000);
    await session.query('BEGIN');
    await session.query('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await delay(milliseconds);
    await session.query('COMMIT');
  } finally {
    await session.end();
  }
}

async function backlogProcessed(url: string): Promise<void> {
  const backlog = async () => {
    const response = await fetch(`${url}/v1/stats`);
    return ((await response.json()) as { backlog: { records: number | null } }).backlog.records;
  };
  await eventually(async () => (await backlog()) === 0, {
    what: 'the backlog to be processed',
    timeoutMs: 60_000,
  });
}
