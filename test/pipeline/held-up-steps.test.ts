import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { HeldUpSteps } from '../../src/pipeline/held-up-steps.ts';

function harness() {
  const time = { now: Date.UTC(2026, 0, 1) };
  return { time, heldUp: new HeldUpSteps(() => time.now) };
}

await t.test('a step that is tried for more than ten seconds is told, with its last error', async (t) => {
  const { time, heldUp } = harness();
  const [one, other] = [Symbol(), Symbol()];
  heldUp.failed(one, new Error('first'));
  time.now += 9_999;
  heldUp.failed(one, new Error('The thread ended.'));
  heldUp.failed(other, new Error('another'));
  t.equal(heldUp.fault(), undefined);
  time.now += 1;
  t.equal(
    heldUp.fault(),
    'a batch is tried again and again since 2026-01-01T00:00:00.000Z: The thread ended.',
  );
  heldUp.ended(one);
  t.equal(heldUp.fault(), undefined);
});

await t.test('a flood of dead letters is told at once, until it is over', async (t) => {
  const { heldUp } = harness();
  const step = Symbol();
  heldUp.failed(step, new ServiceError('dead-letter-flood', '90 % would be dead letters.'));
  t.equal(heldUp.flood(), '90 % would be dead letters.');
  t.equal(heldUp.fault(), undefined);
  heldUp.failed(step, new ServiceError('store-unavailable', 'It is locked.'));
  t.equal(heldUp.flood(), undefined);
});
