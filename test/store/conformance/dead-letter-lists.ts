import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Test } from 'tap';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES, type DeadLetter } from '../../../src/store/dead-letter.ts';
import type {
  DeadLetterEntry,
  DeadLetterFilter,
  DeadLetterQuery,
  DeadLetterStore,
} from '../../../src/store/dead-letter-store.ts';
import { deadLetter } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore } from '../store-under-test.ts';
import { optional } from './optional.ts';

const COUNT = 1_000;
const FIRST_MS = 1_000;
/** So few that a hundred dead letters share a millisecond. */
const MILLISECONDS = 9;
const ORDERS = ['o-0', 'o-1', 'o-2', 'o-3'];

const moment = fc.integer({ min: FIRST_MS - 1, max: FIRST_MS + MILLISECONDS });

const filter: fc.Arbitrary<DeadLetterFilter> = fc.record(
  {
    orderId: optional(fc.constantFrom(...ORDERS, 'unknown')),
    reason: optional(fc.constantFrom(...DEAD_LETTER_REASONS)),
    state: optional(fc.constantFrom(...DEAD_LETTER_STATES)),
    failedAfter: optional(moment),
    failedBefore: optional(moment),
  },
  { noNullPrototype: true },
);

export async function deadLetterListConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'paging through thousands of equal times shows each dead letter once, for every filter',
    async (t) => {
      const { deadLetterStore, writer } = await makeStore(t);
      const store = await deadLetterStore();
      await keepDeadLetters(await writer(), scattered(COUNT));
      await store.replaySent(
        everyNth(5).map((id) => ({ id, replayCount: 0 })),
        { by: 'tester', at: 1 },
      );
      await store.discard(everyNth(7), { by: 'ann', at: 1 });

      const { listed: all, cursors } = await pages(store, { limit: 100 });
      assert.equal(new Set(all.map(({ id }) => id)).size, COUNT);
      const newestFirst = all.toSorted((a, b) => b.failedAt - a.failedAt || b.id - a.id);
      assert.ok(isDeepStrictEqual(all, newestFirst), 'newest first');

      const start = fc.constantFrom<[number, string | undefined][]>([-1, undefined], ...cursors.entries());
      const limit = fc.integer({ min: 20, max: 100 });
      await fc.assert(
        fc.asyncProperty(filter, limit, start, async (filter, limit, [page, cursor]) => {
          const { listed } = await pages(store, { ...filter, limit, cursor });
          const expected = all.slice((page + 1) * 100).filter((entry) => matches(entry, filter));
          // A difference of a thousand dead letters would take minutes to print.
          return isDeepStrictEqual(listed, expected);
        }),
        { numRuns: 40 },
      );

      await t.test('the reasons add up to what is listed', async () => {
        await fc.assert(
          fc.asyncProperty(filter, async (filter) => {
            const expected: Record<string, number> = {};
            for (const entry of all) {
              if (matches(entry, filter)) expected[entry.reason] = (expected[entry.reason] ?? 0) + 1;
            }
            assert.deepStrictEqual(await store.reasons(filter), expected);
          }),
          { numRuns: 40 },
        );
      });

      const behind = (reason: DeadLetterFilter['reason']) => {
        const orders = new Set(all.filter((entry) => entry.reason === reason).map(({ orderId }) => orderId));
        return ({ orderId, reason }: DeadLetterEntry) =>
          reason === 'predecessor-failed' && orderId !== null && orders.has(orderId);
      };

      await t.test(
        'a selection has the same dead letters by id, with those that failed behind them',
        async () => {
          await fc.assert(
            fc.asyncProperty(filter, async (filter) => {
              const isBehind = filter.reason === undefined ? () => false : behind(filter.reason);
              const others = { ...filter, reason: undefined };
              const isSelected = (entry: DeadLetterEntry) =>
                matches(entry, filter) || (matches(entry, others) && isBehind(entry));
              const expected = all.filter(isSelected).map(({ id }) => id);
              expected.sort((a, b) => a - b);
              assert.ok(isDeepStrictEqual(await selected(store, filter), expected), 'selected');
              const eligible = { states: ['open', 'replaying'] as const, replayCountBelow: 2 };
              const able = all.filter(
                ({ state, replayCount }) => (state === 'open' || state === 'replaying') && replayCount < 2,
              );
              assert.deepStrictEqual(await store.count({ filter }, eligible), {
                matched: expected.length,
                eligible: able.filter(isSelected).length,
              });
            }),
            { numRuns: 30 },
          );
        },
      );
      t.equal(await store.newestId(), COUNT);
    },
  );

  await t.test('the last page has no cursor, and a foreign cursor is refused', async (t) => {
    const { deadLetterStore, writer } = await makeStore(t);
    const store = await deadLetterStore();
    t.same(await store.list({ limit: 1 }), { data: [], nextCursor: null });
    t.same(await store.reasons({}), {});
    t.equal(await store.newestId(), 0);
    await keepDeadLetters(await writer(), scattered(4));
    t.equal((await store.list({ limit: 4 })).nextCursor, null);
    const { nextCursor } = await store.list({ limit: 3 });
    t.equal((await store.list({ limit: 3, cursor: nextCursor ?? '' })).nextCursor, null);
    for (const cursor of ['', 'garbage', `${nextCursor ?? ''}=`, 'A'.repeat(10_000)]) {
      await t.rejects(store.list({ limit: 1, cursor }), { code: 'cursor-invalid' });
    }
  });
}

export async function deadLetterCountConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('unresolved dead letters are counted by reason and state, up to a bound', async (t) => {
    const { reader, writer } = await makeStore(t);
    const counted = async (max: number) =>
      (await reader.countDeadLetters(max)).filter(({ count }) => count > 0);
    t.same(await counted(10), []);
    t.equal((await reader.countDeadLetters(10)).length, 18, 'zeros for the others');
    const letters = Array.from({ length: 5 }, (_, offset) =>
      deadLetter({ offset }, { reason: 'processor-failed', state: offset === 0 ? 'exhausted' : 'open' }),
    );
    await keepDeadLetters(await writer(), letters);
    const expected = [
      { reason: 'processor-failed', state: 'exhausted', count: 1 },
      { reason: 'processor-failed', state: 'open', count: 4 },
    ];
    t.same(
      (await counted(10)).sort((one, other) => one.count - other.count),
      expected,
    );
    t.match((await counted(3)).sort((one, other) => one.count - other.count)[1], { state: 'open', count: 3 });
  });
}

/** The fields repeat with coprime periods, so that every combination of filters occurs. */
function scattered(count: number): DeadLetter[] {
  return Array.from({ length: count }, (_, n) =>
    deadLetter(
      { offset: n, value: Buffer.from(`payload ${n}`) },
      {
        orderId: n % 17 === 0 ? null : (ORDERS[n % 4] ?? ''),
        reason: DEAD_LETTER_REASONS[n % 6] ?? 'processor-failed',
        failedAt: FIRST_MS + ((n * 7) % MILLISECONDS),
        state: n % 11 === 0 ? 'exhausted' : 'open',
        replayCount: n % 13 === 0 ? 2 : 0,
      },
    ),
  );
}

function everyNth(step: number): number[] {
  return Array.from({ length: Math.floor(COUNT / step) }, (_, index) => (index + 1) * step);
}

function matches(entry: DeadLetterEntry, filter: DeadLetterFilter): boolean {
  return (
    (filter.orderId === undefined || entry.orderId === filter.orderId) &&
    (filter.reason === undefined || entry.reason === filter.reason) &&
    (filter.state === undefined || entry.state === filter.state) &&
    (filter.failedAfter === undefined || entry.failedAt > filter.failedAfter) &&
    (filter.failedBefore === undefined || entry.failedAt < filter.failedBefore)
  );
}

/** Follows the cursors to the end. Every page but the last must be full. */
async function pages(store: DeadLetterStore, query: DeadLetterQuery) {
  const listed: DeadLetterEntry[] = [];
  const cursors: string[] = [];
  let page = await store.list(query);
  listed.push(...page.data);
  while (page.nextCursor !== null) {
    assert.equal(page.data.length, query.limit);
    assert.ok(listed.length <= COUNT, 'pages do not repeat');
    cursors.push(page.nextCursor);
    page = await store.list({ ...query, cursor: page.nextCursor });
    listed.push(...page.data);
  }
  return { listed, cursors };
}

async function selected(store: DeadLetterStore, filter: DeadLetterFilter): Promise<number[]> {
  const ids: number[] = [];
  for (;;) {
    const page = await store.select({ filter }, ids.at(-1) ?? 0, 100);
    if (page.length === 0) return ids;
    assert.ok(ids.length <= COUNT, 'pages do not repeat');
    ids.push(...page.map(({ id }) => id));
  }
}
