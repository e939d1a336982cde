import fc from 'fast-check';
import t from 'tap';
import { DeadLetterRate } from '../../src/pipeline/dead-letter-rate.ts';

function harness() {
  const time = { now: 1_700_000_000_000 };
  return { time, window: new DeadLetterRate(() => time.now) };
}

await t.test('it adds up what was processed in the last minute, and forgets what was before', async (t) => {
  const { time, window } = harness();
  window.add({ records: 10, deadLetters: 1 });
  time.now += 30_000;
  window.add({ records: 5, deadLetters: 5 });
  t.same(window.counts(), { records: 15, deadLetters: 6 });
  time.now += 30_000;
  t.same(window.counts(), { records: 5, deadLetters: 5 });
  time.now += 30_000;
  t.same(window.counts(), { records: 0, deadLetters: 0 });
});

await t.test('a quiet hour leaves nothing behind', async (t) => {
  const { time, window } = harness();
  window.add({ records: 10, deadLetters: 1 });
  time.now += 3_600_000;
  window.add({ records: 1, deadLetters: 0 });
  t.same(window.counts(), { records: 1, deadLetters: 0 });
});

await t.test('while it is held it forgets nothing, and still counts what others do', async (t) => {
  const { time, window } = harness();
  const [one, other] = [Symbol(), Symbol()];
  window.add({ records: 10, deadLetters: 10 });
  t.equal(window.hold(one), true);
  t.equal(window.hold(one), false, 'it is held by this one already');
  time.now += 40_000;
  window.hold(other);
  time.now += 40_000;
  window.release(one);
  window.add({ records: 3, deadLetters: 0 });
  time.now += 40_000;
  t.same(window.counts(), { records: 13, deadLetters: 10 });
  window.release(other);
  window.release(other);
  t.same(window.counts(), { records: 13, deadLetters: 10 }, 'time goes on from where it stood');
  time.now += 60_000;
  t.same(window.counts(), { records: 0, deadLetters: 0 });
});

await t.test('it counts all of the last 55 seconds and nothing older than 60', async () => {
  const step = fc.record({ after: fc.nat(20_000), records: fc.nat(100), deadLetters: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { time, window } = harness();
      const added: { at: number; records: number; deadLetters: number }[] = [];
      return steps.every(({ after, ...counts }) => {
        time.now += after;
        window.add(counts);
        added.push({ at: time.now, ...counts });
        const { records, deadLetters } = window.counts();
        const within = (ms: number) => added.filter(({ at }) => time.now - at < ms);
        const sum = (of: 'records' | 'deadLetters', ms: number) =>
          within(ms).reduce((total, entry) => total + entry[of], 0);
        return (
          records >= sum('records', 55_000) &&
          records <= sum('records', 60_000) &&
          deadLetters >= sum('deadLetters', 55_000) &&
          deadLetters <= sum('deadLetters', 60_000)
        );
      });
    }),
  );
});
