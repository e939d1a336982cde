import fc from 'fast-check';
import t from 'tap';
import { check } from './checker.ts';
import { DEAD_LETTER_MUTATIONS } from './dead-letter-mutations.ts';
import { isClean, summarise } from './findings.ts';
import { findStored } from './mutation-helpers.ts';
import { ORDER_MUTATIONS } from './order-mutations.ts';
import { WATCH_MUTATIONS } from './watch-mutations.ts';
import { UNLUCKY_MUTATIONS } from './unlucky-mutations.ts';
import { validRun, type Run } from './valid-run.ts';

const MUTATIONS = [...ORDER_MUTATIONS, ...DEAD_LETTER_MUTATIONS, ...WATCH_MUTATIONS, ...UNLUCKY_MUTATIONS];

const seeds = fc.integer({ min: 0, max: 0x7fff_ffff });

function verdictOn(run: Run) {
  return check(run.ledger, run);
}

await t.test('a valid run has no findings, whatever its seed', async () => {
  fc.assert(
    fc.property(seeds, (seed) => isClean(verdictOn(validRun(seed)))),
    { numRuns: 50 },
  );
});

for (const { name, finding, apply } of MUTATIONS) {
  await t.test(`${finding}: ${name}`, async (t) => {
    const run = validRun(1);
    apply(run);
    const verdict = verdictOn(run);
    t.ok(verdict[finding].count > 0, JSON.stringify(verdict));
    t.ok(verdict[finding].examples[0], 'with an example');
  });
}

/** Its run has few poison orders, which some mutations need. */
const SEED_WITH_FEW_POISON_ORDERS = 959_504_064;

await t.test('every mutation is found, whatever the seed of the run', async () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(...MUTATIONS), (seed, { finding, apply }) => {
      const run = validRun(seed);
      apply(run);
      return verdictOn(run)[finding].count > 0;
    }),
    { numRuns: 200, examples: MUTATIONS.map((mutation) => [SEED_WITH_FEW_POISON_ORDERS, mutation]) },
  );
});

await t.test('one lost order is one finding and nothing else', async (t) => {
  const run = validRun(3);
  const { order } = findStored(run, ({ kind, outcome }) => kind === 'healthy' && outcome === 'acknowledged');
  run.orders = run.orders.filter((other) => other !== order);
  run.unlisted.set(order.id, undefined);
  const { lost, duplicated, outOfOrder, stuck, unexpected } = verdictOn(run);
  t.same(
    [lost, duplicated, outOfOrder, stuck, unexpected].map(({ count }) => count),
    [1, 0, 0, 0, 0],
  );
});

await t.test('a version published again after orders.status has grown is not out of order', async (t) => {
  const run = validRun(3);
  const second = run.publishedStatuses.find(({ version }) => version === 2);
  const ofOrder = run.publishedStatuses.filter(({ orderId }) => orderId === second?.orderId);
  for (const published of ofOrder) published.partition = published.version === 1 ? 0 : 1;
  run.publishedStatuses.push(...ofOrder.slice(0, 1).map((first) => ({ ...first, partition: 1 })));
  t.equal(ofOrder[0]?.version, 1);
  t.equal(verdictOn(run).outOfOrder.count, 0);
});

await t.test('all findings are counted, ten of each kind are kept', async (t) => {
  const findings = Array.from({ length: 25 }, (_, index) => ({
    kind: 'lost' as const,
    detail: String(index),
  }));
  const { lost, duplicated } = summarise(findings);
  t.equal(lost.count, 25);
  t.equal(lost.examples.length, 10);
  t.same(duplicated, { count: 0, examples: [] });
});
