import { compareDrains, drainOptions } from './support/compare-drains.ts';
import { runDrain, type DrainResult } from './support/drain-task.ts';
import { fateOf } from './support/failing-processor.ts';
import { printReport, ratios } from './support/report.ts';
import { sampleOrder } from './support/sample-order.ts';

/**
 * Drains the same log with a processor that confirms every order, and with one that fails 5 % of them once and 1 % for
 * good. Measures the time until the last healthy order is published.
 */
const options = drainOptions('failures', { rounds: 25 });
const { orders, threads, batch } = options;

const indexes = Array.from({ length: orders }, (_, index) => index);
const healthy = indexes.filter((index) => fateOf(sampleOrder(index)) === 'healthy').length;

const drainWith = (name: string) => (folder: string) => {
  const processor = new URL(`./support/${name}.js`, import.meta.url).pathname;
  return runDrain('drain-ours', { folder, orders: healthy, threads, batch, processor });
};
const { reference, ours } = await compareDrains(options, {
  reference: drainWith('steady-processor'),
  ours: drainWith('failing-processor'),
});

const rate = (results: DrainResult[]) => results.map(({ seconds }) => healthy / seconds);
printReport(
  `Draining ${healthy} healthy of ${orders} orders, batches of ${batch}, ${threads} worker thread(s)`,
  [
    { name: 'no failures', unit: 'healthy orders/s', digits: 0, samples: rate(reference) },
    { name: '5 % transient, 1 % permanent', unit: 'healthy orders/s', digits: 0, samples: rate(ours) },
    { name: 'ratio', unit: '(target: ≥ 0.9)', digits: 3, samples: ratios(rate(ours), rate(reference)) },
  ],
);
