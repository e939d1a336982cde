import t from 'tap';
import { RetentionTime } from '../../src/base/retention-time.ts';

const DAY_MS = 86_400_000;

function harness() {
  const time = { wall: 1_000_000, monotonic: 0 };
  const retentionTime = new RetentionTime(
    () => time.wall,
    () => time.monotonic,
  );
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
    return retentionTime.now();
  };
  return { time, pass };
}

await t.test('retention time is the wall clock', async (t) => {
  const { time, pass } = harness();
  for (const ms of [0, 500, 10_000]) t.equal(pass(ms), time.wall);
});

await t.test('a clock set forward is caught up with slowly', async (t) => {
  const { time, pass } = harness();
  time.wall += DAY_MS;
  t.equal(pass(1_000), 1_002_000);
  t.equal(pass(1_000), 1_004_000);
  t.equal(pass(2 * DAY_MS), time.wall, 'it is caught up with in the end');
});

await t.test('a clock set back is followed at once', async (t) => {
  const { time, pass } = harness();
  time.wall -= DAY_MS;
  t.equal(pass(1_000), time.wall);
});
