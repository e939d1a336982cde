import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { PROCESS_POISON_REASON, recordingIsolatedOrders } from '../../src/processing/isolated-orders.ts';
import { processBatch, type BatchDependencies } from '../../src/processing/process-batch.ts';
import { retryOrders } from '../../src/processing/retry-orders.ts';
import { NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { CommandRecords } from '../support/command-records.ts';
import { FAILED_FOR_NOW, processingUnderTest, TOPIC } from './processing-under-test.ts';

const KILLED = new Error('The process was killed.');

/** Runs batches and retries for owners; an owner that is killed leaves what it has recorded. */
async function harness(t: Test) {
  const parts = await processingUnderTest(t);
  const { dependencies, database, world } = parts;
  const killers = new Set<string>();
  /** the orders of each call of the processor's runner */
  const calls: string[][] = [];
  /** Stands in for the end of the process: the processor never answers, and nothing is cleared. */
  const mortal = (): BatchDependencies => ({
    ...dependencies,
    store: {
      ...bound(dependencies.store),
      clearIsolated: (orderIds) =>
        orderIds.some((id) => killers.has(id))
          ? Promise.resolve()
          : dependencies.store.clearIsolated(orderIds),
    },
    runProcessor: (attempted) => {
      const attempts = [...attempted];
      calls.push(attempts.map(({ command }) => command.orderId));
      if (attempts.some(({ command }) => killers.has(command.orderId))) return Promise.reject(KILLED);
      return dependencies.runProcessor(attempts);
    },
  });
  const batch = (owner: string, records: LogRecord[]) =>
    recordingIsolatedOrders({ topic: TOPIC, isolatedOrdersOf: owner }, mortal(), (recording) =>
      processBatch(
        {
          kind: 'batch',
          topic: TOPIC,
          frame: encodeRecordFrame(records),
          applied: new Map(),
          recent: NO_FAILURES,
        },
        recording,
      ),
    );
  const retry = (owner: string) =>
    recordingIsolatedOrders({ topic: TOPIC, isolatedOrdersOf: owner }, mortal(), (recording) =>
      retryOrders(
        { kind: 'retry', topic: TOPIC, partitions: [0], limit: 1, published: [], recent: NO_FAILURES },
        recording,
      ),
    );
  const recorded = () => database.prepare('SELECT order_id FROM lone_orders ORDER BY order_id').pluck().all();
  return { ...parts, world, killers, calls, batch, retry, recorded };
}

function bound(store: BatchDependencies['store']): BatchDependencies['store'] {
  return new Proxy(store, {
    ownKeys: () => METHODS,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      return typeof method === 'function' ? (method.bind(target) as unknown) : method;
    },
  });
}

const METHODS = [
  ...['load', 'loadDue', 'save', 'dryRun', 'effectsOf', 'effectsOfRetries', 'orderIdsWithDeadLetters'],
  'deletedBefore',
  ...[
    'purgeCompleted',
    'claim',
    'release',
    'resetCrashCount',
    'suspectsAmong',
    'recordIsolated',
    'clearIsolated',
    'close',
  ],
];

await t.test('an order during which three processes ended becomes a dead letter', async (t) => {
  const { killers, batch, deadLetters, history, recorded } = await harness(t);
  const id = randomUUID();
  const record = new CommandRecords().place(id);
  killers.add(id);
  for (const owner of ['a', 'b', 'c']) await t.rejects(batch(owner, [record]), KILLED);
  t.same(deadLetters(), []);
  t.same(recorded(), [id]);
  killers.clear();
  await batch('third', [record]);
  t.same(await history(id), ['failed']);
  t.match(deadLetters(), [{ order_id: id, reason: 'processor-failed', error: PROCESS_POISON_REASON }]);
  t.same(recorded(), [], 'its row is cleared');
});

await t.test('so does an order that is being retried', async (t) => {
  const { world, killers, batch, retry, deadLetters, history } = await harness(t);
  const id = randomUUID();
  world.outcomes.set(id, FAILED_FOR_NOW);
  await batch('first', [new CommandRecords().place(id)]);
  world.now += 1_000;
  killers.add(id);
  for (const owner of ['first', 'second', 'third']) await t.rejects(retry(owner), KILLED);
  killers.clear();
  await retry('fourth');
  t.same(await history(id), ['failed']);
  t.match(deadLetters(), [{ order_id: id, reason: 'processor-failed', error: PROCESS_POISON_REASON }]);
});

await t.test('an order that was survived once starts again', async (t) => {
  const { world, killers, batch, deadLetters, recorded, retry } = await harness(t);
  const id = randomUUID();
  const record = new CommandRecords().place(id);
  killers.add(id);
  await t.rejects(batch('first', [record]), KILLED);
  killers.clear();
  world.outcomes.set(id, FAILED_FOR_NOW);
  await batch('second', [record]);
  t.same(recorded(), [], 'the process has survived it, although it failed');
  world.now += 1_000;
  killers.add(id);
  for (const owner of ['second', 'third', 'fourth']) await t.rejects(retry(owner), KILLED);
  t.same(deadLetters(), []);
});

await t.test('orders that were processed together when their process ended are called alone', async (t) => {
  const { killers, batch, calls, recorded, history, deadLetters } = await harness(t);
  const records = new CommandRecords();
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const [innocent = '', killer = '', later = ''] = ids;
  const together = ids.map((id) => records.place(id));
  const another = randomUUID();
  killers.add(killer);
  await t.rejects(batch('a', together), KILLED);
  t.same(recorded(), ids.toSorted());
  const all = [...together, records.place(another)];
  for (const owner of ['b', 'c']) await t.rejects(batch(owner, all), KILLED);
  t.same(calls.splice(0), [ids, [another], [innocent], [killer], [innocent, another], [killer]]);
  killers.clear();
  await batch('d', all);
  t.same(calls, [[innocent, another], [later]]);
  t.same(recorded(), []);
  t.match(deadLetters(), [{ order_id: killer, error: PROCESS_POISON_REASON }]);
  t.same(await Promise.all([innocent, later, another].map(history)), [
    ['confirmed'],
    ['confirmed'],
    ['confirmed'],
  ]);
});
