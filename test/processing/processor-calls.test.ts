import t from 'tap';
import type { Attempt, Outcome } from '../../src/processing/outcome.ts';
import {
  MAX_DETACHED_CALLS,
  PROCESSOR_CONCURRENCY,
  ProcessorCalls,
  type BeginCall,
} from '../../src/processing/processor-calls.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';

const CONFIRMED: Outcome = { status: 'confirmed', reason: null };
const PATIENCE_MS = 30;
const SHORT_PATIENCE_MS = 5;

function attemptFor(orderId: string): Attempt {
  const command = { eventId: 'e', orderId, time: 1_000, order: { ...anOrder(), total: 1 } };
  return { command: { kind: 'place', ...command }, attempt: 1, partition: 0 };
}

const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** Orders named `fast…` are confirmed at once, all others when the test ends their call. */
function harness(maxPatienceMs = PATIENCE_MS) {
  const pending = new Map<string, (outcome: Outcome) => void>();
  const detached: string[] = [];
  const answers: [string, string][] = [];
  let started = 0;
  const calls = new ProcessorCalls(
    ({ command: { orderId } }, onEnd) => {
      started += 1;
      if (orderId.startsWith('fast')) queueMicrotask(() => onEnd(CONFIRMED));
      else pending.set(orderId, onEnd);
      return () => end(orderId, { status: 'retry', reason: 'aborted' });
    },
    {
      maxPatienceMs,
      onDetached: (orderId) => detached.push(orderId),
      onAnswer: (orderId, { status }) => answers.push([orderId, status]),
    },
  );
  const end = (orderId: string, outcome = CONFIRMED) => {
    pending.get(orderId)?.(outcome);
    pending.delete(orderId);
  };
  const run = (orderIds: string[]) => calls.run(orderIds.map(attemptFor));
  return { calls, run, end, pending, detached, answers, started: () => started };
}

const statuses = (outcomes: Map<string, Outcome>) =>
  [...outcomes].map(([id, { status }]) => `${id} ${status}`);
/** A call that begins now has used up the short patience, and so have all earlier ones. */
async function shortPatienceOver(): Promise<void> {
  const { run, end } = harness(SHORT_PATIENCE_MS);
  await run(['slow']);
  end('slow');
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

await t.test('a slow call leaves its batch, and its answer comes later', async (t) => {
  const { run, end, detached, answers } = harness();
  const startedAt = performance.now();
  const outcomes = await run(['fast 1', 'slow', 'fast 2']);
  t.ok(performance.now() - startedAt >= PATIENCE_MS - 1, 'not before the patience is over');
  t.same(statuses(outcomes).sort(), ['fast 1 confirmed', 'fast 2 confirmed', 'slow unanswered']);
  t.same(detached, ['slow']);
  end('slow', { status: 'rejected', reason: 'closed' });
  await turn();
  t.same(answers, [['slow', 'rejected']]);
});

await t.test('a batch whose calls end within the patience gets every outcome', async (t) => {
  const { run, end, detached, answers } = harness(60_000);
  const running = run(['one', 'two']);
  end('one');
  await turn();
  end('two');
  t.same(statuses(await running), ['one confirmed', 'two confirmed']);
  t.same([detached, answers], [[], []]);
  t.same(statuses(await run([])), [], 'a batch without calls ends at once');
});

await t.test('if most calls are short, the patience is short', async (t) => {
  const { run, end } = harness(60_000);
  await run(ids('fast', 20));
  const outcomes = await run(['fast', 'slow']);
  t.equal(outcomes.get('slow')?.status, 'unanswered');
  end('slow');
});

await t.test('if the calls take long in general, the patience grows with them', async (t) => {
  const { run, end, detached } = harness(60_000);
  await run(ids('fast', 20));
  const slow = ids('slow', 40);
  await run(slow);
  t.same(detached, slow);
  // So long do these calls take.
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const id of slow) end(id);
  await turn();
  const startedAt = performance.now();
  await run(['another']);
  t.ok(performance.now() - startedAt >= 90, 'twice what nine tenths of the latest calls took');
  end('another');
});

await t.test('detached calls keep their slots, and other batches use the rest', async (t) => {
  const { run, end, started } = harness();
  const slow = ids('slow', MAX_DETACHED_CALLS);
  await run(slow);
  t.equal(started(), MAX_DETACHED_CALLS);
  const next = run(ids('more', PROCESSOR_CONCURRENCY));
  t.equal(started(), PROCESSOR_CONCURRENCY);
  end('slow0');
  await turn();
  t.equal(started(), PROCESSOR_CONCURRENCY + 1, 'a slot that is free again is used');
  for (const id of slow.slice(1)) end(id);
  await turn();
  for (const id of ids('more', PROCESSOR_CONCURRENCY)) end(id);
  t.equal((await next).size, PROCESSOR_CONCURRENCY);
});

await t.test('invariant 9: when too many calls are detached, a batch waits until one ends', async (t) => {
  const { run, end, detached, answers } = harness(SHORT_PATIENCE_MS);
  await run(ids('out', MAX_DETACHED_CALLS));
  let isDone = false;
  const waiting = run(['fast', 'slow']).finally(() => (isDone = true));
  await shortPatienceOver();
  t.equal(isDone, false);
  t.equal(detached.length, MAX_DETACHED_CALLS);
  end('out7');
  t.same(statuses(await waiting), ['fast confirmed', 'slow unanswered']);
  t.same(answers, [['out7', 'confirmed']]);
});

await t.test('a slow call does not leave while calls of its batch wait for a slot', async (t) => {
  const { run, end, detached, pending } = harness(SHORT_PATIENCE_MS);
  await run(ids('out', MAX_DETACHED_CALLS));
  detached.length = 0;
  const large = ids('in', 20);
  const running = run(large);
  await shortPatienceOver();
  t.same(detached, [], 'its batch has to wait anyway');
  t.equal(pending.size, PROCESSOR_CONCURRENCY);
  for (const id of [...ids('out', MAX_DETACHED_CALLS), ...large.slice(0, 10)]) end(id);
  const outcomes = await running;
  t.same(detached, large.slice(10));
  t.equal(outcomes.get('in0')?.status, 'confirmed');
});

await t.test('an answer that has arrived while the thread was busy counts', async (t) => {
  const { calls, detached } = (() => {
    const orderIds: string[] = [];
    const slow = {
      maxPatienceMs: 5,
      onDetached: (orderId: string) => orderIds.push(orderId),
      onAnswer: () => undefined,
    };
    const begin: BeginCall = (_, onEnd) => {
      // Like a response that waits in a socket: it is read after the timers that are due.
      setTimeout(() => setImmediate(() => onEnd(CONFIRMED)), 1);
      return () => undefined;
    };
    return { calls: new ProcessorCalls(begin, slow), detached: orderIds };
  })();
  const running = calls.run([attemptFor('one')]);
  const busyUntil = performance.now() + 20;
  while (performance.now() < busyUntil);
  t.equal((await running).get('one')?.status, 'confirmed');
  t.same(detached, []);
});

await t.test('detached calls are aborted, those of a batch are not', async (t) => {
  const { calls, run, end, answers } = harness();
  await run(['out']);
  const running = run(['in']);
  calls.abortDetachedCalls();
  await eventually(() => answers.length === 1, { what: 'the call to end' });
  t.same(answers, [['out', 'retry']]);
  end('in');
  t.same(statuses(await running), ['in confirmed']);
});

await t.test('a patient batch begins when no call is out', async (t) => {
  const { calls, run, end, started } = harness(SHORT_PATIENCE_MS);
  await run(['out']);
  const running = calls.run([attemptFor('fast')], { isPatient: true });
  await turn();
  t.equal(started(), 1);
  end('out');
  t.same(statuses(await running), ['fast confirmed']);
});

await t.test('a patient batch waits for slow calls', async (t) => {
  const { calls, end, detached } = harness(SHORT_PATIENCE_MS);
  let isDone = false;
  const running = calls.run([attemptFor('slow')], { isPatient: true }).finally(() => (isDone = true));
  await shortPatienceOver();
  t.same([isDone, detached], [false, []]);
  end('slow');
  t.same(statuses(await running), ['slow confirmed']);
});

await t.test('a stop ends patient batches and refuses further ones', async (t) => {
  const { calls, run, end, pending } = harness();
  const patient = calls.run([attemptFor('slow'), attemptFor('fast')], { isPatient: true });
  const usual = run(['usual']);
  calls.endPatientBatches();
  await t.rejects(patient, { code: 'draining' });
  t.same([...pending.keys()], ['usual'], 'its calls are aborted, those of other batches are not');
  end('usual');
  t.same(statuses(await usual), ['usual confirmed']);
  await t.rejects(calls.run([attemptFor('late')], { isPatient: true }), { code: 'draining' });
  t.same(statuses(await run(['fast'])), ['fast confirmed']);
});
