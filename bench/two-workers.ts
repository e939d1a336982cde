import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DelayingProxy } from '../tools/support/delaying-proxy.ts';
import { PostgresServer } from '../tools/support/postgres.ts';
import { drainOptions } from './support/drain-options.ts';
import { prepareDrain } from './support/drain-task.ts';
import { fillLog } from './support/fill-log.ts';
import { printReport, ratios } from './support/report.ts';

/**
 * What a second worker brings where the store is on another machine: a proxy makes every answer of PostgreSQL come 1 ms
 * later. One process with one writing thread drains a log; then two processes drain a log each, at once. All logs are of
 * the same length, so that no worker has had less time than another to compile its code. Batches are small: in those a
 * worker waits for the store; in large ones it computes, and on few cores all wait for the processor.
 */
const DELAY_MS = 1;

const { rounds, orders, batch } = drainOptions({ rounds: 5, batch: 20 });

const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const postgres = await PostgresServer.launch('durable');
const proxy = await DelayingProxy.start(postgres, DELAY_MS);
const one: number[] = [];
const two: number[] = [];
try {
  const logs = [join(folder, 'first'), join(folder, 'second')];
  for (const log of logs) await fillLog(log, orders);
  for (let round = 1; round <= rounds; round += 1) {
    // Whoever comes second finds the disk busy with what the first has left.
    const both = [
      async () => one.push(await rateOf(logs.slice(0, 1))),
      async () => two.push(await rateOf(logs)),
    ];
    for (const drain of round % 2 === 0 ? both : both.toReversed()) await drain();
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}`);
  }
} finally {
  await proxy.stop();
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
}

printReport(
  `Draining ${orders} orders a worker into PostgreSQL behind ${DELAY_MS} ms a round trip, batches of ${batch}, 1 writing thread a worker`,
  [
    { name: 'one worker', unit: 'orders/s', digits: 0, samples: one },
    { name: 'two workers', unit: 'orders/s', digits: 0, samples: two },
    { name: 'ratio', unit: '(mark: ≥ 1.7)', digits: 2, samples: ratios(two, one) },
  ],
);

/** Orders a second of a worker a log, all beginning at once, until the last one is done. */
async function rateOf(filled: string[]): Promise<number> {
  // As with Kafka, which is where there are several workers: changes are not numbered.
  const store = await postgres.createStore({ numbersChanges: false });
  const url = store.url.replace(`:${postgres.port}/`, `:${proxy.port}/`);
  const fresh = await mkdtemp(join(folder, 'round-'));
  const workers = await Promise.all(
    filled.map(async (source, index) => {
      const own = join(fresh, String(index));
      await cp(source, own, { recursive: true });
      const task = { folder: own, orders, threads: 1, batch };
      return prepareDrain('drain-ours', { ...task, store: { ...store, url }, logName: `bench${index}` });
    }),
  );
  const results = await Promise.all(workers.map((worker) => worker.run()));
  await rm(fresh, { recursive: true });
  return (orders * filled.length) / Math.max(...results.map(({ seconds }) => seconds));
}
