import t from 'tap';
import type { Outcome } from '../../src/processing/outcome.ts';
import { DetachedCalls } from '../../src/threads/detached-calls.ts';

const CONFIRMED: Outcome = { status: 'confirmed', reason: null };

function harness() {
  const counts: number[] = [];
  const answers: string[] = [];
  const calls = new DetachedCalls((count) => counts.push(count));
  const onAnswer = (orderId: string, { status }: Outcome) => answers.push(`${orderId} ${status}`);
  const answered = (threadId: number, orderId: string) =>
    calls.answered({ threadId, orderId, outcome: CONFIRMED });
  return { calls, counts, answers, onAnswer, answered };
}

await t.test('a call is detached from its batch until it is answered', (t) => {
  const { calls, counts, answers, onAnswer, answered } = harness();
  calls.add(1, ['a', 'b'], onAnswer);
  t.same(calls.orderIds(), new Set(['a', 'b']));
  answered(1, 'a');
  t.same(answers, ['a confirmed']);
  t.same(calls.orderIds(), new Set(['b']));
  t.same(counts, [2, 1]);
  t.end();
});

await t.test('an answer may arrive before the response of its batch', (t) => {
  const { calls, answers, onAnswer, answered } = harness();
  answered(1, 'a');
  t.same(answers, []);
  calls.add(1, ['a'], onAnswer);
  t.same(answers, ['a confirmed']);
  t.equal(calls.size, 0);
  t.end();
});

await t.test('calls end with their thread, and its early answers belong to no later call', (t) => {
  const { calls, answers, onAnswer, answered } = harness();
  calls.add(1, ['a'], onAnswer);
  calls.add(2, ['b'], onAnswer);
  answered(1, 'c');
  calls.keepOnly(new Set([2]));
  t.same(answers, ['a lost']);
  calls.add(3, ['c'], onAnswer);
  t.same(calls.orderIds(), new Set(['b', 'c']));
  t.same(answers, ['a lost'], 'the call on the other thread goes on');
  t.end();
});
