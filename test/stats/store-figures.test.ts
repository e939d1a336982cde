import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import { exportStoreFigures } from '../../src/stats/store-figures.ts';

function exported(changes: { earliestRetry?: () => Promise<number | undefined> } = {}) {
  const metrics = createMetrics();
  const clock = { now: 100_000 };
  const asked: (readonly number[])[] = [];
  exportStoreFigures({
    log: { progressName: (topic) => `kafka:${topic}` },
    reader: {
      countRetrying: () => Promise.resolve(3),
      earliestRetry: (_topic, partitions) => {
        asked.push(partitions);
        return changes.earliestRetry?.() ?? Promise.resolve(40_000);
      },
      countDeadLetters: () =>
        Promise.resolve([{ reason: 'processor-failed' as const, state: 'open' as const, count: 7 }]),
    },
    partitionCount: () => 2,
    metrics,
    clock: () => clock.now,
    monotonicClock: () => clock.now,
  });
  return { metrics, clock, asked };
}

await t.test('retrying orders and unresolved dead letters are exported', async (t) => {
  const { metrics, asked } = exported();
  const text = await metrics.registry.metrics();
  t.match(text, 'orders_retrying 3\n');
  t.match(text, 'orders_oldest_due_retry_age_seconds 60\n');
  t.match(text, 'orders_dead_letters{reason="processor-failed",state="open"} 7\n');
  t.same(asked, [[0, 1]]);
});

await t.test('scrapes within five seconds share one read, and the overdue time goes on', async (t) => {
  const { metrics, clock, asked } = exported();
  await metrics.registry.metrics();
  clock.now += 4_000;
  t.match(await metrics.registry.metrics(), 'orders_oldest_due_retry_age_seconds 64\n');
  t.equal(asked.length, 1);
  clock.now += 1_000;
  await metrics.registry.metrics();
  t.equal(asked.length, 2);
});

await t.test('no retry, or one that is due later, is not overdue', async (t) => {
  for (const dueAt of [undefined, 200_000]) {
    const { metrics } = exported({ earliestRetry: () => Promise.resolve(dueAt) });
    t.match(await metrics.registry.metrics(), 'orders_oldest_due_retry_age_seconds 0\n');
  }
});

await t.test(
  'without an answer of the store there are no counts, and the scrape does not wait',
  async (t) => {
    const { metrics } = exported({ earliestRetry: () => new Promise(() => undefined) });
    const text = await metrics.registry.metrics();
    t.notMatch(text, /^orders_retrying /m);
    t.notMatch(text, 'orders_dead_letters{');
  },
);
