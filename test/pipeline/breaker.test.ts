import { mock } from 'node:test';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { ErrorCode } from '../../src/base/error-table.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { Breaker, type Dependency } from '../../src/pipeline/breaker.ts';

/** Uses mocked timers: `pass` advances the time and waits for the effects. */
function harness(
  t: Test,
  { dependency = 'store', failures = 2, openMs = 1_000, now = () => Date.now() } = {},
) {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2026, 0, 1) });
  t.teardown(() => mock.timers.reset());
  const lines: { level: number; msg: string; err?: { message: string } }[] = [];
  const metrics = createMetrics();
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const breaker = new Breaker(dependency as Dependency, { failures, openMs }, { metrics, logger, now });
  const changes: boolean[] = [];
  breaker.onChange((isClosed) => changes.push(isClosed));
  const stopping = new AbortController();
  const run = <T>(attempt: () => Promise<T>) => breaker.run(attempt, stopping.signal);
  const fail = async (code: ErrorCode = 'store-unavailable') => {
    await run(() => Promise.reject(new ServiceError(code, 'It is locked.'))).catch(() => undefined);
  };
  const state = async () => (await metrics.circuitState.get()).values[0]?.value;
  return { breaker, run, fail, state, lines, changes, stopping };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settle();
}

/** An attempt that the test ends. */
function slowAttempt() {
  const started: { works: () => void; fails: (error: Error) => void }[] = [];
  const attempt = () =>
    new Promise<void>((resolve, reject) => {
      started.push({ works: resolve, fails: reject });
    });
  return { started, attempt };
}

await t.test(
  'consecutive failures open the circuit; readiness reports since when, why and until when',
  async (t) => {
    const { breaker, run, fail, state, lines, changes } = harness(t);
    t.equal(await state(), 0);
    await fail();
    await run(() => Promise.resolve());
    await fail();
    t.equal(breaker.readinessProblem(), undefined, 'a success in between resets the count');
    await pass(500);
    await fail();
    t.equal(await state(), 2);
    t.same(changes, [false]);
    t.equal(
      breaker.readinessProblem(),
      'the store has been failing since 2026-01-01T00:00:00.000Z: It is locked. The next attempt is at 2026-01-01T00:00:01.500Z.',
    );
    t.match(lines, [{ level: 50, msg: /the store keeps failing/, err: { message: 'It is locked.' } }]);
  },
);

await t.test('only errors of the dependency itself count', async (t) => {
  const { breaker, fail } = harness(t, { failures: 1 });
  for (const code of ['progress-conflict', 'worker-failed', 'dead-letter-flood', 'internal'] as const) {
    await fail(code);
  }
  await fail('log-unavailable');
  t.ok(breaker.isClosed);
  await fail('store-unavailable');
  t.notOk(breaker.isClosed);
});

for (const code of ['log-unavailable', 'log-timeout', 'log-full'] as const) {
  await t.test(`${code} opens the circuit of the event log`, async (t) => {
    const { breaker, fail } = harness(t, { dependency: 'log', failures: 1 });
    await fail('store-unavailable');
    t.ok(breaker.isClosed);
    await fail(code);
    t.match(breaker.readinessProblem(), /^the event log has been failing/);
  });
}

await t.test(
  'an open circuit lets no attempt through, then one, and all after that one succeeds',
  async (t) => {
    const { breaker, run, fail, state, lines, changes } = harness(t, { failures: 1 });
    await fail();
    const { started, attempt } = slowAttempt();
    const lanes = [run(attempt), run(attempt), run(attempt)];
    await pass(999);
    t.equal(started.length, 0);
    await pass(1);
    t.equal(started.length, 1);
    t.equal(await state(), 1);
    t.match(breaker.readinessProblem(), /An attempt is in progress\.$/);
    t.notOk(breaker.isClosed);
    await pass(60_000);
    t.equal(started.length, 1, 'the others wait for its outcome');
    started[0]?.works();
    await settle();
    t.equal(started.length, 3);
    t.same(changes, [false, true]);
    t.equal(breaker.readinessProblem(), undefined);
    t.equal(await state(), 0);
    t.match(lines.at(-1), { level: 30, msg: 'the store works again' });
    for (const { works } of started) works();
    await Promise.all(lanes);
  },
);

await t.test('a failed attempt doubles the pause, up to 30 seconds', async (t) => {
  const { run, fail, changes } = harness(t, { failures: 1, openMs: 10_000 });
  await fail();
  for (const pauseMs of [10_000, 20_000, 30_000, 30_000]) {
    const { started, attempt } = slowAttempt();
    const failing = run(attempt);
    await pass(pauseMs - 1);
    t.equal(started.length, 0, `no attempt before ${pauseMs} ms`);
    await pass(1);
    t.equal(started.length, 1);
    started[0]?.fails(new ServiceError('store-unavailable', 'Still locked.'));
    await t.rejects(failing, { message: 'Still locked.' });
  }
  t.same(changes, [false, false, false, false, false]);
});

await t.test('after a success the pause is short again', async (t) => {
  const { breaker, run, fail } = harness(t, { failures: 1 });
  await fail();
  for (const again of [1_000, 2_000]) {
    const failing = fail();
    await pass(again);
    await failing;
  }
  const working = run(() => Promise.resolve());
  await pass(4_000);
  await working;
  await fail();
  t.match(breaker.readinessProblem(), /The next attempt is at 2026-01-01T00:00:08\.000Z\.$/);
});

await t.test(
  'an abort ends every wait: for the next attempt, and for the outcome of another attempt',
  async (t) => {
    const { run, fail, stopping } = harness(t, { failures: 1 });
    await fail();
    const { started, attempt } = slowAttempt();
    const [trying, waiting] = [run(attempt), run(attempt)];
    await pass(1_000);
    t.equal(started.length, 1);
    const outcome = t.rejects(waiting, { code: 'circuit-open', message: /^the store has been failing/ });
    stopping.abort();
    await outcome;
    started[0]?.fails(new ServiceError('store-unavailable', 'Still locked.'));
    await t.rejects(trying, { code: 'store-unavailable' });
    await t.rejects(run(attempt), { code: 'circuit-open' }, 'later calls do not wait');
    t.equal(started.length, 1);
  },
);

await t.test('after an abort, a first attempt still runs if the circuit is closed', async (t) => {
  const { run, stopping } = harness(t);
  stopping.abort();
  t.equal(await run(() => Promise.resolve('published')), 'published');
});

await t.test('a wall clock that steps back by an hour does not delay the next attempt', async (t) => {
  let elapsedMs = 0;
  const { breaker, run, fail } = harness(t, { now: () => elapsedMs });
  await fail();
  await fail();
  mock.timers.setTime(Date.UTC(2025, 11, 31, 23));
  elapsedMs = 1_000;
  t.equal(await Promise.race([run(() => Promise.resolve('done')), settle()]), 'done');
  t.ok(breaker.isClosed);
});
