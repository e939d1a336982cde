import { mock } from 'node:test';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { ErrorCode } from '../../src/base/error-table.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { FailurePolicy, type DueAt } from '../../src/pipeline/failure-policy.ts';
import { POISON, POISON_REASON, type Poison } from '../../src/pipeline/poison.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** Runs the step with pauses of this share of their maximum. @returns how long it took, in milliseconds */
async function timed(t: Test, share: number, step: () => Promise<unknown>, openMs = 20): Promise<number> {
  const { policy } = harness({ openMs });
  const random = mock.method(Math, 'random', () => share);
  t.teardown(() => random.mock.restore());
  const startedAt = performance.now();
  await policy.run('step', 'store', step);
  return performance.now() - startedAt;
}

function harness({ openMs = 20, clock = Date.now } = {}) {
  const metrics = createMetrics();
  const stopping = new AbortController();
  const policy = new FailurePolicy({
    breaker: { failures: 1, openMs },
    signal: stopping.signal,
    metrics,
    logger: createLogger('silent'),
    clock,
    monotonicClock: () => performance.now(),
  });
  return { policy, metrics, stopping };
}

/** Fails with these codes, one per attempt, then succeeds. */
function failing(...codes: ErrorCode[]) {
  const left = [...codes];
  return () => {
    const code = left.shift();
    return code === undefined ? Promise.resolve('done') : Promise.reject(new ServiceError(code, `${code}!`));
  };
}

const records = (count: number): LogRecord[] =>
  Array.from({ length: count }, (_, offset) => ({
    partition: 0,
    offset,
    timestamp: 0,
    key: null,
    value: null,
  }));

await t.test('a step is retried until it succeeds, after any error that is not fatal', async (t) => {
  const { policy, metrics } = harness();
  const step = failing('store-unavailable', 'worker-failed', 'progress-conflict', 'internal');
  t.equal(await policy.run('step', 'store', step), 'done');
  t.equal(policy.readinessProblem(), undefined);
  const retries = await metrics.batchRetries.get();
  t.same(retries.values.map(({ labels }) => labels.error_type).sort(), [
    'internal',
    'progress-conflict',
    'store-unavailable',
    'worker-failed',
  ]);
});

for (const code of ['progress-gap', 'log-mismatch'] as const) {
  await t.test(`${code} is fatal: no retry`, async (t) => {
    const { policy } = harness();
    await t.rejects(policy.run('step', 'store', failing(code)), { code });
  });
}

await t.test('invariant 6: a failing store opens only its own circuit', async (t) => {
  const { policy, stopping } = harness();
  const down = () => Promise.reject(new ServiceError('store-unavailable', 'It is locked.'));
  const running = policy.run('step', 'store', down);
  await eventually(() => !policy.breakers.store.isClosed, { what: 'the circuit to open' });
  t.ok(policy.breakers.log.isClosed);
  t.match(policy.readinessProblem(), /^the store has been failing since .*: It is locked\./);
  stopping.abort();
  await t.rejects(running);
});

await t.test(
  'a flood is reported, is counted once per step, and freezes the window until the step ends',
  async (t) => {
    const { policy, metrics, stopping } = harness();
    let attempts = 0;
    const flood = () => {
      attempts += 1;
      return Promise.reject(new ServiceError('dead-letter-flood', 'Fix it.'));
    };
    const ended = t.rejects(policy.run('step', 'store', flood), { code: 'dead-letter-flood' });
    await eventually(async () => ((await metrics.batchRetries.get()).values[0]?.value ?? 0) >= 2, {
      what: 'another attempt',
    });
    t.equal(policy.readinessProblem(), 'Fix it.');
    t.equal((await metrics.deadLetterFloods.get()).values[0]?.value, 1);
    t.ok(policy.breakers.store.isClosed);
    t.equal(policy.deadLetterRate.freeze('step'), false, 'the step has frozen the window');
    const before = attempts;
    stopping.abort();
    await ended;
    t.equal(attempts, before, 'the pause ends without another attempt');
    t.equal(policy.readinessProblem(), undefined);
    t.equal(policy.deadLetterRate.freeze('step'), true, 'the window is no longer frozen');
  },
);

await t.test('a flood backs off for longer', async (t) => {
  const tookMs = await timed(t, 0.1, failing('dead-letter-flood'));
  t.ok(tookMs >= 95, `100 ms instead of 5 ms (${tookMs})`);
});

await t.test('while the circuit is open only the breaker waits', async (t) => {
  const down = failing(...Array.from({ length: 7 }, () => 'store-unavailable' as const));
  const tookMs = await timed(t, 1, down, 1);
  t.ok(tookMs < 5_000, `127 ms; the backoff would add 6350 ms (${tookMs})`);
});

await t.test('retries deferred as a flood are reported until a run defers none', async (t) => {
  const { policy, metrics } = harness();
  policy.noteDeferredRetries('lane 0', 'Fix it.');
  t.equal(policy.readinessProblem(), 'Fix it.');
  t.equal((await metrics.deadLetterFloods.get()).values[0]?.value, 1);
  policy.noteDeferredRetries('lane 1', undefined);
  t.equal(policy.readinessProblem(), 'Fix it.', 'another lane does not end it');
  policy.noteDeferredRetries('lane 0', undefined);
  t.equal(policy.readinessProblem(), undefined);
});

await t.test('a stop ends the wait for an open circuit', async (t) => {
  const { policy, stopping } = harness();
  const down = () => Promise.reject(new ServiceError('log-unavailable', 'No broker answers.'));
  const lanes = [policy.run('lane 0', 'log', down), policy.run('lane 1', 'log', down)];
  await eventually(() => !policy.breakers.log.isClosed, { what: 'the circuit to open' });
  stopping.abort();
  const outcomes = await Promise.allSettled(lanes);
  t.same(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

await t.test('work that crashes its thread twice is poison; one crash is not', async (t) => {
  const { policy } = harness();
  t.equal(await policy.process('step', failing('worker-failed')), 'done');
  t.equal(await policy.process('step', failing('worker-failed', 'internal', 'worker-failed')), POISON);
  t.ok(policy.breakers.store.isClosed, 'the store is not to blame');
});

await t.test(
  'a thread that ends while other calls go on in it is no crash of its work, nor the fault of the store',
  async (t) => {
    const { policy } = harness();
    const step = failing('calls-lost', 'worker-failed', 'calls-lost', 'calls-lost');
    const repeats: boolean[] = [];
    const outcome = await policy.process('step', (threadEnded) => {
      repeats.push(threadEnded);
      return step();
    });
    t.equal(outcome, 'done');
    t.ok(policy.breakers.store.isClosed);
    t.same(repeats, [false, true, true, true, true], 'the repeats wait for their calls');
  },
);

await t.test('bisecting fails only the poison orders and keeps the others in sequence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(39), { maxLength: 5 }), async (poison) => {
      const { policy } = harness();
      const failed: number[] = [];
      const done: number[] = [];
      const dueAt = await policy.bisect(records(40), (part, reason) => {
        const offsets = part.map(({ offset }) => offset);
        const isPoison = offsets.some((offset) => poison.includes(offset));
        if (isPoison && reason === undefined) return Promise.resolve(POISON);
        if (reason !== undefined) failed.push(...offsets);
        done.push(...offsets);
        return Promise.resolve(offsets.includes(7) ? 7 : offsets.includes(30) ? 30 : undefined);
      });
      return (
        dueAt === 7 &&
        done.length === 40 &&
        done.every((offset, index) => offset === index) &&
        failed.join() === poison.sort((one, other) => one - other).join()
      );
    }),
    { numRuns: 50 },
  );
});

await t.test('retries run in parts until none is due, and a poison part one order at a time', async (t) => {
  const { policy } = harness();
  const later = Date.now() + 60_000;
  const due = ['a', 'b', 'c', 'poison', 'd'];
  const runs: [number, string | undefined][] = [];
  const run = (limit: number, reason?: string): Promise<DueAt | Poison> => {
    runs.push([limit, reason]);
    if (due.slice(0, limit).includes('poison') && reason === undefined) return Promise.resolve(POISON);
    due.splice(0, limit);
    return Promise.resolve(due.length === 0 ? later : 0);
  };
  t.equal(await policy.isolate(512, run, 2), later);
  const parts: [number, string | undefined][] = [2, 2, 1, 1].map((limit) => [limit, undefined]);
  t.same(runs, [...parts, [1, POISON_REASON], [2, undefined]]);
  due.push('e', 'f', 'g');
  t.equal(await policy.isolate(2, run, 2), 0, 'no more than the limit');
  t.same(due, ['g']);
});

await t.test('poison retries continue one order at a time until none is due', async (t) => {
  const { policy } = harness();
  const due = ['good', 'poison', 'good', 'later'];
  const runs: [number, string | undefined][] = [];
  const later = Date.now() + 60_000;
  const dueAt = await policy.isolate(512, (limit, reason) => {
    runs.push([limit, reason]);
    if (due.slice(0, limit).includes('poison') && reason === undefined) return Promise.resolve(POISON);
    due.splice(0, limit);
    return Promise.resolve(due[0] === 'later' ? later : 0);
  });
  t.equal(dueAt, later);
  t.same(runs, [
    [512, undefined],
    [1, undefined],
    [1, undefined],
    [1, POISON_REASON],
    [1, undefined],
  ]);
});

await t.test('a wall clock that steps back does not prolong the pause of an open circuit', async (t) => {
  let behind = 0;
  const { policy, stopping } = harness({ openMs: 200, clock: () => Date.now() - behind });
  t.teardown(() => stopping.abort());
  let isDone = false;
  const running = policy.run('step', 'store', failing('store-unavailable')).then(() => (isDone = true));
  running.catch(() => undefined);
  await eventually(() => !policy.breakers.store.isClosed, { what: 'the circuit to open' });
  behind = 3_600_000;
  await eventually(() => isDone, { what: 'the step to be repeated', timeoutMs: 10_000 });
});
