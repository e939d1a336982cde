import t from 'tap';
import { RetrySchedule } from '../../src/pipeline/retry-schedule.ts';
import { eventually } from '../../tools/support/eventually.ts';

const HOUR_MS = 3_600_000;

/** A wall clock that steps, and real monotonic time. */
function harness() {
  const world = { stepMs: 0, woken: 0 };
  const clock = () => Date.now() + world.stepMs;
  const options = { clock, monotonicClock: () => performance.now(), maxRetryPauseMs: 30_000 };
  const schedule = new RetrySchedule(options, () => {
    world.woken += 1;
    schedule.clear();
  });
  return { world, clock, schedule };
}

// First, because Node warns once in a process.
await t.test('a retry that was due a moment ago causes no warning', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const { world, schedule } = harness();
  schedule.add(0);
  await eventually(() => world.woken === 1, { what: 'the lane to be woken', timeoutMs: 5_000 });
  t.same(warnings, []);
});

for (const stepMs of [-HOUR_MS, -35 * 24 * HOUR_MS, HOUR_MS]) {
  await t.test(
    `a clock that steps by ${stepMs / HOUR_MS} h does not change when a retry is due`,
    async (t) => {
      const { world, clock, schedule } = harness();
      schedule.add(clock() + 50);
      const startedAt = performance.now();
      world.stepMs = stepMs;
      t.notOk(schedule.isDue);
      await eventually(() => world.woken > 0, { what: 'the lane to be woken', timeoutMs: 5_000 });
      t.ok(performance.now() - startedAt >= 48);
      t.equal(world.woken, 1);
    },
  );
}

await t.test('a retry that is due later than any pause is due now', async (t) => {
  const { world, clock, schedule } = harness();
  t.notOk(schedule.isDue);
  schedule.add(clock() + 30_000);
  t.notOk(schedule.isDue);
  schedule.add(clock() + HOUR_MS);
  t.ok(schedule.isDue);
  await eventually(() => world.woken === 1, { what: 'the lane to be woken', timeoutMs: 5_000 });
});
