import fc from 'fast-check';
import t from 'tap';
import { CLOCK_STEPS_MS } from './fault-kinds.ts';
import { realTime } from './real-time.ts';

const HOUR_MS = 3_600_000;
const FROM = Date.UTC(2026, 10, 28, 12);

await t.test('a time of a stepped clock is what the real clock said, whatever the step', async () => {
  const steps = fc.constantFrom(0, ...CLOCK_STEPS_MS);
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: HOUR_MS / 4 }), (stepMs, ms) => {
      const window = { from: FROM, until: FROM + HOUR_MS / 4 };
      return realTime(FROM + ms + stepMs, window) === FROM + ms;
    }),
  );
});

await t.test('a time that no step explains, or two of them, stays as it is', async (t) => {
  const short = { from: FROM, until: FROM + 60_000 };
  t.equal(realTime(FROM + HOUR_MS / 2, short), FROM + HOUR_MS / 2);
  const long = { from: FROM, until: FROM + 2 * HOUR_MS };
  t.equal(realTime(FROM + HOUR_MS, long), FROM + HOUR_MS);
});
