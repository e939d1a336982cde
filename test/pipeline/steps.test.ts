import t from 'tap';
import { ServiceError, type ErrorCode } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { createBreakers } from '../../src/pipeline/breakers.ts';
import { DeadLetterRate } from '../../src/pipeline/dead-letter-rate.ts';
import { StallMonitor } from '../../src/pipeline/stall-monitor.ts';
import { persistently } from '../../src/pipeline/steps.ts';
import { eventually } from '../../tools/support/eventually.ts';

function harness() {
  const metrics = createMetrics();
  const logger = createLogger('silent');
  const stopping = new AbortController();
  const dependencies = {
    breakers: createBreakers({ failures: 1, openMs: 20 }, { metrics, logger }),
    stallMonitor: new StallMonitor(Date.now),
    deadLetterRate: new DeadLetterRate(Date.now),
    signal: stopping.signal,
    metrics,
    logger,
  };
  return { dependencies, stopping };
}

/** Fails with these codes, one an attempt, then works. */
function failing(...codes: ErrorCode[]) {
  const left = [...codes];
  return () => {
    const code = left.shift();
    return code === undefined ? Promise.resolve('done') : Promise.reject(new ServiceError(code, `${code}!`));
  };
}

await t.test('a step is repeated until it works, whatever keeps it from that', async (t) => {
  const { dependencies } = harness();
  const step = failing('store-unavailable', 'worker-failed', 'progress-conflict', 'internal');
  t.equal(await persistently(step, 'store', dependencies), 'done');
  t.equal(dependencies.stallMonitor.fault(), undefined);
  const retries = await dependencies.metrics.batchRetries.get();
  t.same(retries.values.map(({ labels }) => labels.error_type).sort(), [
    'internal',
    'progress-conflict',
    'store-unavailable',
    'worker-failed',
  ]);
});

await t.test('a step that depends on nothing goes through no breaker', async (t) => {
  const { dependencies } = harness();
  await persistently(failing('store-unavailable', 'log-unavailable'), undefined, dependencies);
  t.ok(dependencies.breakers.store.isClosed);
  t.ok(dependencies.breakers.log.isClosed);
});

await t.test('a store that was set back is a reason to give up', async (t) => {
  const { dependencies } = harness();
  await t.rejects(persistently(failing('progress-gap'), 'store', dependencies), { code: 'progress-gap' });
});

await t.test('a flood is told and counted once a step, and the window stands still meanwhile', async (t) => {
  const { dependencies, stopping } = harness();
  const { stallMonitor, deadLetterRate, metrics, breakers } = dependencies;
  let attempts = 0;
  const forever = () => {
    attempts += 1;
    return Promise.reject(new ServiceError('dead-letter-flood', 'Fix it.'));
  };
  const ended = t.rejects(persistently(forever, 'store', dependencies), { code: 'dead-letter-flood' });
  await eventually(async () => ((await metrics.batchRetries.get()).values[0]?.value ?? 0) >= 2, {
    what: 'another attempt',
  });
  t.equal(stallMonitor.flood(), 'Fix it.');
  t.equal((await metrics.deadLetterFloods.get()).values[0]?.value, 1);
  t.ok(breakers.store.isClosed);
  const before = attempts;
  stopping.abort();
  await ended;
  t.equal(attempts, before, 'the pause ends without another attempt');
  t.equal(stallMonitor.flood(), undefined);
  const other = Symbol();
  t.equal(deadLetterRate.hold(other), true);
  deadLetterRate.release(other);
});

await t.test('a stop ends the waiting for a circuit', async (t) => {
  const { dependencies, stopping } = harness();
  const down = () => Promise.reject(new ServiceError('log-unavailable', 'No broker answers.'));
  const lanes = [persistently(down, 'log', dependencies), persistently(down, 'log', dependencies)];
  await eventually(() => !dependencies.breakers.log.isClosed, { what: 'the circuit to open' });
  stopping.abort();
  const outcomes = await Promise.allSettled(lanes);
  t.same(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
