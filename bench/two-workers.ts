import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DelayingProxy } from '../tools/support/delaying-proxy.ts';
import { PostgresServer } from '../tools/support/postgres.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { prepareDrain } from './support/drain-task.ts';
import { fillLog } from './support/fill-log.ts';
import { withFolder } from './support/folders.ts';
import { printReport, ratios } from './support/report.ts';
import { alternate } from './support/rounds.ts';

/**
 * A proxy delays every answer of PostgreSQL by 1 ms, as a network would. One process with one writing thread drains a
 * log; then two processes drain one log each, at the same time. All logs have the same length, so that every worker has
 * the same time to compile its code. Batches are small, so that a worker mostly waits for the store; with large ones it
 * mostly computes, and the cores become the limit.
 */
const DELAY_MS = 1;

const { rounds, orders, batch } = benchmarkCommand('two-workers')
  .option('--rounds <n>', 'rounds', count, 5)
  .option('--orders <n>', 'orders in the backlog of each worker', count, 60_000)
  .option('--batch <n>', 'orders a batch', count, 20)
  .parse()
  .opts<{ rounds: number; orders: number; batch: number }>();

const postgres = await PostgresServer.launch('durable');
const proxy = await DelayingProxy.start(postgres, DELAY_MS);
const { reference: one, ours: two } = await withFolder(async (folder) => {
  const logs = [join(folder, 'first'), join(folder, 'second')];
  for (const log of logs) await fillLog(log, orders);
  return alternate(
    rounds,
    () => drainRate(logs.slice(0, 1)),
    () => drainRate(logs),
  );
}).finally(async () => {
  await proxy.stop();
  await postgres.remove();
});

printReport(
  `Draining ${orders} orders a worker into PostgreSQL behind ${DELAY_MS} ms a round trip, batches of ${batch}, 1 writing thread a worker`,
  [
    { name: 'one worker', unit: 'orders/s', digits: 0, samples: one },
    { name: 'two workers', unit: 'orders/s', digits: 0, samples: two },
    { name: 'ratio', unit: '(target: ≥ 1.7)', digits: 2, samples: ratios(two, one) },
  ],
);

/** Orders a second, with one worker for each log, from their common start to the end of the last. */
async function drainRate(logs: string[]): Promise<number> {
  // As on Kafka, the only log with several workers, changes are not numbered.
  const store = await postgres.createStore({ numbersChanges: false });
  const url = store.url.replace(`:${postgres.port}/`, `:${proxy.port}/`);
  return withFolder(async (parent) => {
    const workers = await Promise.all(
      logs.map(async (log, index) => {
        const folder = join(parent, String(index));
        await cp(log, folder, { recursive: true });
        const task = { folder, orders, threads: 1, batch };
        return prepareDrain('drain-ours', { ...task, store: { ...store, url }, logName: `bench${index}` });
      }),
    );
    const results = await Promise.all(workers.map((worker) => worker.run()));
    return (orders * logs.length) / Math.max(...results.map(({ seconds }) => seconds));
  });
}
