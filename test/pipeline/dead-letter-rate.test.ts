import fc from 'fast-check';
import t from 'tap';
import { DeadLetterRate } from '../../src/pipeline/dead-letter-rate.ts';

function harness() {
  const time = { now: 1_700_000_000_000 };
  return { time, rate: new DeadLetterRate(() => time.now) };
}

await t.test('the counts cover the last minute', async (t) => {
  const { time, rate } = harness();
  rate.add({ records: 10, deadLetters: 1 });
  time.now += 30_000;
  rate.add({ records: 5, deadLetters: 5 });
  t.same(rate.counts(), { records: 15, deadLetters: 6 });
  time.now += 30_000;
  t.same(rate.counts(), { records: 5, deadLetters: 5 });
  time.now += 30_000;
  t.same(rate.counts(), { records: 0, deadLetters: 0 });
});

await t.test('after a quiet hour old counts are gone', async (t) => {
  const { time, rate } = harness();
  rate.add({ records: 10, deadLetters: 1 });
  time.now += 3_600_000;
  rate.add({ records: 1, deadLetters: 0 });
  t.same(rate.counts(), { records: 1, deadLetters: 0 });
});

await t.test('a frozen window forgets nothing and still adds new counts', async (t) => {
  const { time, rate } = harness();
  const [one, other] = ['one step', 'another step'] as const;
  rate.add({ records: 10, deadLetters: 10 });
  t.equal(rate.freeze(one), true);
  t.equal(rate.freeze(one), false, 'this step has frozen it already');
  time.now += 40_000;
  rate.freeze(other);
  time.now += 40_000;
  rate.unfreeze(one);
  rate.add({ records: 3, deadLetters: 0 });
  time.now += 40_000;
  t.same(rate.counts(), { records: 13, deadLetters: 10 });
  rate.unfreeze(other);
  rate.unfreeze(other);
  t.same(rate.counts(), { records: 13, deadLetters: 10 }, 'the window continues where it was frozen');
  time.now += 60_000;
  t.same(rate.counts(), { records: 0, deadLetters: 0 });
});

await t.test('the counts include all of the last 55 seconds and nothing older than 60', async () => {
  const step = fc.record({ after: fc.nat(20_000), records: fc.nat(100), deadLetters: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { time, rate } = harness();
      const added: { at: number; records: number; deadLetters: number }[] = [];
      return steps.every(({ after, ...counts }) => {
        time.now += after;
        rate.add(counts);
        added.push({ at: time.now, ...counts });
        const { records, deadLetters } = rate.counts();
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
