import t from 'tap';
import { StreamBudget } from '../../src/grpc/stream-budget.ts';

const PER_SECOND = 10;

function harness(perSecond = PER_SECOND) {
  const time = { now: 0 };
  return { time, budget: new StreamBudget(perSecond, () => time.now) };
}

await t.test('an idle caller has the streams of two seconds at once', async (t) => {
  const { budget } = harness();
  for (let stream = 1; stream <= 20; stream += 1) t.ok(budget.spend('a', 1), `stream ${stream}`);
  t.notOk(budget.spend('a', 1));
  t.ok(budget.spend('b', 1), 'another caller');
});

await t.test('a caller that spent everything waits until it has earned half of it', async (t) => {
  const { time, budget } = harness();
  t.notOk(budget.isExhausted('a'), 'unknown');
  budget.spend('a', 20);
  t.ok(budget.isExhausted('a'));
  time.now = 999;
  t.ok(budget.isExhausted('a'));
  time.now = 1_000;
  t.notOk(budget.isExhausted('a'));
  for (let stream = 1; stream <= 10; stream += 1) t.ok(budget.spend('a', 1));
  t.notOk(budget.spend('a', 1));
});

await t.test('a caller owes no more than one burst', async (t) => {
  const { time, budget } = harness();
  for (let stream = 1; stream <= 100; stream += 1) budget.spend('a', 10);
  time.now = 2_999;
  t.ok(budget.isExhausted('a'));
  time.now = 3_000;
  t.notOk(budget.isExhausted('a'));
});

await t.test('0 turns the limit off', async (t) => {
  const { budget } = harness(0);
  t.ok(budget.spend('a', 1_000_000));
  t.ok(budget.spend('a', 1));
  t.notOk(budget.isExhausted('a'));
});
