import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { StallMonitor } from '../../src/pipeline/stall-monitor.ts';

function harness() {
  const time = { now: Date.UTC(2026, 0, 1) };
  return { time, stallMonitor: new StallMonitor(() => time.now) };
}

await t.test('a step that is tried for more than ten seconds is told, with its last error', async (t) => {
  const { time, stallMonitor } = harness();
  const [one, other] = [Symbol(), Symbol()];
  stallMonitor.failed(one, new Error('first'));
  time.now += 9_999;
  stallMonitor.failed(one, new Error('The thread ended.'));
  stallMonitor.failed(other, new Error('another'));
  t.equal(stallMonitor.fault(), undefined);
  time.now += 1;
  t.equal(
    stallMonitor.fault(),
    'a batch is tried again and again since 2026-01-01T00:00:00.000Z: The thread ended.',
  );
  stallMonitor.ended(one);
  t.equal(stallMonitor.fault(), undefined);
});

await t.test('a flood of dead letters is told at once, until it is over', async (t) => {
  const { stallMonitor } = harness();
  const step = Symbol();
  stallMonitor.failed(step, new ServiceError('dead-letter-flood', '90 % would be dead letters.'));
  t.equal(stallMonitor.flood(), '90 % would be dead letters.');
  t.equal(stallMonitor.fault(), undefined);
  stallMonitor.failed(step, new ServiceError('store-unavailable', 'It is locked.'));
  t.equal(stallMonitor.flood(), undefined);
});
