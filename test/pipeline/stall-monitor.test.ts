import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { StallMonitor } from '../../src/pipeline/stall-monitor.ts';

function harness() {
  const time = { now: Date.UTC(2026, 0, 1), monotonic: 5_000 };
  const pass = (ms: number) => {
    time.now += ms;
    time.monotonic += ms;
  };
  const stallMonitor = new StallMonitor(
    () => time.now,
    () => time.monotonic,
  );
  return { time, pass, stallMonitor };
}

await t.test('a step retried for ten seconds is reported with its last error', async (t) => {
  const { time, pass, stallMonitor } = harness();
  const [one, other] = ['lane 0: process', 'lane 1: process'] as const;
  stallMonitor.failed(one, new Error('first'));
  pass(9_999);
  stallMonitor.failed(one, new Error('The thread ended.'));
  stallMonitor.failed(other, new Error('another'));
  t.equal(stallMonitor.readinessProblem(), undefined);
  pass(1);
  t.equal(
    stallMonitor.readinessProblem(),
    'a batch has been retried since 2026-01-01T00:00:00.000Z: The thread ended.',
  );
  time.now -= 3_600_000;
  t.match(
    stallMonitor.readinessProblem(),
    /since 2025-12-31T23:00:00.000Z/,
    'the clock was set back: it shows',
  );
  stallMonitor.ended(one);
  t.equal(stallMonitor.readinessProblem(), undefined);
});

await t.test('a flood of dead letters is reported at once, until it is over', async (t) => {
  const { stallMonitor } = harness();
  const step = 'lane 0: process';
  stallMonitor.failed(step, new ServiceError('dead-letter-flood', '90 % would be dead letters.'));
  t.equal(stallMonitor.flood(), '90 % would be dead letters.');
  t.equal(stallMonitor.readinessProblem(), undefined);
  stallMonitor.failed(step, new ServiceError('store-unavailable', 'It is locked.'));
  t.equal(stallMonitor.flood(), undefined);
});
