import fc from 'fast-check';
import t from 'tap';
import { check } from './checker.ts';
import { cleanWorld, type World } from './clean-world.ts';
import { DAMAGES } from './damages.ts';
import { isClean, summarise } from './findings.ts';

const seeds = fc.integer({ min: 0, max: 0x7fff_ffff });

function verdictOn(world: World) {
  return check(world.ledger, world);
}

await t.test('nothing is found where nothing is wrong, whatever the drill', async () => {
  fc.assert(
    fc.property(seeds, (seed) => isClean(verdictOn(cleanWorld(seed)))),
    { numRuns: 50 },
  );
});

for (const damage of DAMAGES) {
  await t.test(`${damage.name}: ${damage.finding}`, async (t) => {
    const world = cleanWorld(1);
    damage.do(world);
    const found = verdictOn(world);
    t.ok(found[damage.finding].count > 0, JSON.stringify(found));
    t.ok(found[damage.finding].examples[0], 'with an example');
  });
}

/** Of few orders that the processor refuses: some damages could not be done there. */
const SEED_OF_FEW_REFUSALS = 959_504_064;

await t.test('every damage is found, whatever else the drill holds', async () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(...DAMAGES), (seed, damage) => {
      const world = cleanWorld(seed);
      damage.do(world);
      return verdictOn(world)[damage.finding].count > 0;
    }),
    { numRuns: 200, examples: DAMAGES.map((damage) => [SEED_OF_FEW_REFUSALS, damage]) },
  );
});

await t.test('one lost order is one finding and nothing else', async (t) => {
  const world = cleanWorld(3);
  const order = world.orders.find(({ status }) => status === 'confirmed');
  world.orders = world.orders.filter((other) => other !== order);
  world.unlisted.set(order?.id ?? '', undefined);
  const { lost, twice, outOfOrder, stuck, unexplained } = verdictOn(world);
  t.same(
    [lost, twice, outOfOrder, stuck, unexplained].map(({ count }) => count),
    [1, 0, 0, 0, 0],
  );
});

await t.test('all findings are counted, ten of a kind are kept', async (t) => {
  const findings = Array.from({ length: 25 }, (_, index) => ({
    kind: 'lost' as const,
    detail: String(index),
  }));
  const { lost, twice } = summarise(findings);
  t.equal(lost.count, 25);
  t.equal(lost.examples.length, 10);
  t.same(twice, { count: 0, examples: [] });
});
