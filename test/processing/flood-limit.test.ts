import fc from 'fast-check';
import t from 'tap';
import { isFlood, refuseFlood } from '../../src/processing/flood-limit.ts';

const nothing = { records: 0, deadLetters: 0 };

/** Possible counts: never more dead letters than records. */
const counts = fc
  .tuple(fc.nat(2_000), fc.nat(2_000))
  .map(([one, other]) => ({ records: Math.max(one, other), deadLetters: Math.min(one, other) }));
const share = fc.integer({ min: 1, max: 99 }).map((percents) => percents / 100);

await t.test('more than the allowed share of at least 100 records is a flood', async (t) => {
  t.equal(isFlood(nothing, { records: 100, deadLetters: 51 }, 0.5), true);
  t.equal(isFlood(nothing, { records: 100, deadLetters: 50 }, 0.5), false, 'the allowed share is allowed');
  t.equal(isFlood(nothing, { records: 99, deadLetters: 99 }, 0.5), false, 'too few to tell');
  t.equal(isFlood({ records: 99, deadLetters: 99 }, { records: 1, deadLetters: 1 }, 0.5), true);
});

await t.test('a healthy batch always passes', async (t) => {
  const bad = { records: 99, deadLetters: 99 };
  t.equal(isFlood(bad, { records: 20, deadLetters: 0 }, 0.5), false);
  t.equal(isFlood(bad, { records: 20, deadLetters: 1 }, 0.5), false, 'one bad order among many is no flood');
  t.equal(isFlood(bad, { records: 20, deadLetters: 11 }, 0.5), true);
});

await t.test('a bad batch among many good records passes', async (t) => {
  t.equal(isFlood({ records: 1_000, deadLetters: 0 }, { records: 10, deadLetters: 10 }, 0.5), false);
});

await t.test('a share of 1 turns the limit off', async () => {
  fc.assert(fc.property(counts, counts, (recent, batch) => !isFlood(recent, batch, 1)));
});

await t.test('a saved batch never lifts the share above the limit, unless it is healthy itself', async () => {
  fc.assert(
    fc.property(counts, counts, share, (recent, batch, allowed) => {
      const records = recent.records + batch.records;
      const deadLetters = recent.deadLetters + batch.deadLetters;
      const isHealthy = batch.deadLetters <= allowed * batch.records;
      const mayPass = records < 100 || deadLetters <= allowed * records || isHealthy;
      return isFlood(recent, batch, allowed) === !mayPass;
    }),
  );
});

await t.test('more dead letters never end a flood', async () => {
  fc.assert(
    fc.property(counts, counts, share, (recent, batch, allowed) => {
      const worse = { ...batch, deadLetters: Math.min(batch.records, batch.deadLetters + 1) };
      return !isFlood(recent, batch, allowed) || isFlood(recent, worse, allowed);
    }),
  );
});

await t.test('the refusal says how much fails, what is allowed and what to do', async (t) => {
  t.throws(() => refuseFlood({ records: 50, deadLetters: 40 }, { records: 150, deadLetters: 140 }, 0.5), {
    code: 'dead-letter-flood',
    message: /^90 % of the last 200 records .* 50 %: .* raise DEAD_LETTER_FLOOD_PERCENT and restart\.$/,
  });
  t.doesNotThrow(() => refuseFlood(nothing, { records: 150, deadLetters: 10 }, 0.5));
});
