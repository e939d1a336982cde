import { PROCESSOR_CONCURRENCY } from '../../src/processing/processor-calls.ts';
import { lineChart } from '../support/chart.ts';
import { MeasuredProcess } from '../support/measured-process.ts';
import type { Experiment, Row, Size } from './experiment.ts';
import { runBurst } from './support/burst.ts';

const CHART_TITLE = 'Memory for a burst of orders while processor calls are slow';

const BURSTS = { full: [1_000, 3_000, 10_000], tiny: [100] } satisfies Record<Size, number[]>;

/** With a bound of 64 calls at once, and without one: a burst of orders whose processor calls a merchant that is slow. */
export const boundedPool: Experiment = {
  name: 'bounded-pool',
  variants: 'Orders in the burst',
  columns: [
    { key: 'memory', title: 'memory, MiB', digits: 0 },
    { key: 'callP99', title: 'a call, p99 ms', digits: 0 },
    { key: 'doneP99', title: 'until confirmed, p99 ms', digits: 0 },
    { key: 'failed', title: 'calls that timed out', digits: 0 },
    { key: 'unconfirmed', title: 'orders unconfirmed after 3 tries', digits: 0 },
  ],
  chartTitle: CHART_TITLE,
  steps: (size) => 2 * BURSTS[size].length,
  run: async (size, onStep) => {
    const rows: Row[] = [];
    for (const bound of [PROCESSOR_CONCURRENCY, undefined]) {
      for (const orders of BURSTS[size]) {
        const burst = { orders, isBounded: bound !== undefined };
        const { memoryBytes, ...figures } = await withMerchant((url) => runBurst({ url, ...burst }));
        rows.push({
          variant: `${orders}, ${bound === undefined ? 'no bound' : `${bound} calls at once`}`,
          figures: { orders, ...(bound && { bound }), ...figures, memory: memoryBytes / 2 ** 20 },
        });
        onStep();
      }
    }
    return rows;
  },
  chart: (rows) =>
    lineChart({
      title: CHART_TITLE,
      description: 'Without a bound, memory grows with the burst; with one it stays level.',
      x: { name: 'orders in the burst', logarithmic: true },
      y: { name: 'MiB' },
      series: [
        { name: `${PROCESSOR_CONCURRENCY} calls at once`, points: pointsOf(rows, PROCESSOR_CONCURRENCY) },
        { name: 'no bound', points: pointsOf(rows, undefined) },
      ],
    }),
};

function pointsOf(rows: readonly Row[], bound: number | undefined): [number, number][] {
  return rows
    .filter(({ figures }) => figures.bound === bound)
    .map(({ figures }) => [figures.orders ?? Number.NaN, figures.memory ?? Number.NaN]);
}

/** A new one each time: after a burst without a bound it still works on requests whose callers have given up. */
async function withMerchant<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const module = new URL('./support/slow-merchant.js', import.meta.url);
  const merchant = await MeasuredProcess.start(module, [], {});
  try {
    return await work(merchant.url);
  } finally {
    await merchant.stop();
  }
}
