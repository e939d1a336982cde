import assert from 'node:assert/strict';
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
import type { MakeDesk } from '../store-under-test.ts';

const LETTERS = 2_000;
const FIRST_MS = 1_000;
/** Few enough that hundreds of letters share a millisecond. */
const MILLISECONDS = 9;
const ORDERS = ['o-0', 'o-1', 'o-2', 'o-3'];

const moment = fc.integer({ min: FIRST_MS - 1, max: FIRST_MS + MILLISECONDS });

const filter: fc.Arbitrary<DeadLetterFilter> = fc.record(
  {
    orderId: fc.constantFrom(...ORDERS, 'nobody'),
    reason: fc.constantFrom(...DEAD_LETTER_REASONS),
    state: fc.constantFrom(...DEAD_LETTER_STATES),
    failedAfter: moment,
    failedBefore: moment,
  },
  { requiredKeys: [], noNullPrototype: true },
);

export async function deadLetterListConformance(t: Test, makeStore: MakeDesk): Promise<void> {
  await t.test('paging over thousands of equal times shows each letter once, for every filter', async (t) => {
    const { deadLetterPool, writer } = await makeStore(t);
    const store = await deadLetterPool();
    await keepDeadLetters(await writer(), scattered(LETTERS));
    await store.replaySent(
      everyNth(5).map((id) => ({ id, replayCount: 0 })),
      { by: 'tester', at: 1 },
    );
    await store.discard(everyNth(7), { by: 'somebody', at: 1 });

    const { letters: all, cursors } = await pages(store, { limit: 100 });
    assert.equal(new Set(all.map(({ id }) => id)).size, LETTERS);
    const newestFirst = all.toSorted((a, b) => b.failedAt - a.failedAt || b.id - a.id);
    assert.deepStrictEqual(all, newestFirst);

    const start = fc.constantFrom<[number, string | undefined][]>([-1, undefined], ...cursors.entries());
    const limit = fc.integer({ min: 20, max: 100 });
    await fc.assert(
      fc.asyncProperty(filter, limit, start, async (filter, limit, [page, cursor]) => {
        const { letters } = await pages(store, { ...filter, limit, cursor });
        assert.deepStrictEqual(
          letters,
          all.slice((page + 1) * 100).filter((letter) => matches(letter, filter)),
        );
      }),
      { numRuns: 100 },
    );

    await t.test('the reasons add up to what is listed', async () => {
      await fc.assert(
        fc.asyncProperty(filter, async (filter) => {
          const expected: Record<string, number> = {};
          for (const letter of all) {
            if (matches(letter, filter)) expected[letter.reason] = (expected[letter.reason] ?? 0) + 1;
          }
          assert.deepStrictEqual(await store.reasons(filter), expected);
        }),
      );
    });

    const behind = (reason: DeadLetterFilter['reason']) => {
      const orders = new Set(all.filter((letter) => letter.reason === reason).map(({ orderId }) => orderId));
      return ({ orderId, reason }: DeadLetterEntry) =>
        reason === 'predecessor-failed' && orderId !== null && orders.has(orderId);
    };

    await t.test(
      'a selection is the same letters, as they failed, with what failed behind them',
      async () => {
        await fc.assert(
          fc.asyncProperty(filter, async (filter) => {
            const isBehind = filter.reason === undefined ? () => false : behind(filter.reason);
            const others = { ...filter, reason: undefined };
            const isSelected = (letter: DeadLetterEntry) =>
              matches(letter, filter) || (matches(letter, others) && isBehind(letter));
            const expected = all.filter(isSelected).map(({ id }) => id);
            expected.sort((a, b) => a - b);
            assert.deepStrictEqual(await selected(store, filter), expected);
            const eligible = { states: ['open', 'replaying'] as const, replayCountBelow: 2 };
            const able = all.filter(
              ({ state, replayCount }) => (state === 'open' || state === 'replaying') && replayCount < 2,
            );
            assert.deepStrictEqual(await store.count({ filter }, eligible), {
              matched: expected.length,
              eligible: able.filter(isSelected).length,
            });
          }),
          { numRuns: 50 },
        );
      },
    );
    t.equal(await store.newestId(), LETTERS);
  });

  await t.test('the last page has no cursor, and a cursor that was not given out is refused', async (t) => {
    const { deadLetterPool, writer } = await makeStore(t);
    const store = await deadLetterPool();
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

/** Letters whose fields repeat with periods that share no factor, so that every combination of filters occurs. */
function scattered(count: number): DeadLetter[] {
  return Array.from({ length: count }, (_, n) =>
    deadLetter(
      { offset: n, value: Buffer.from(`letter ${n}`) },
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
  return Array.from({ length: Math.floor(LETTERS / step) }, (_, index) => (index + 1) * step);
}

function matches(letter: DeadLetterEntry, filter: DeadLetterFilter): boolean {
  return (
    (filter.orderId === undefined || letter.orderId === filter.orderId) &&
    (filter.reason === undefined || letter.reason === filter.reason) &&
    (filter.state === undefined || letter.state === filter.state) &&
    (filter.failedAfter === undefined || letter.failedAt > filter.failedAfter) &&
    (filter.failedBefore === undefined || letter.failedAt < filter.failedBefore)
  );
}

/** Follows the cursors to the end; every page but the last must be full. */
async function pages(store: DeadLetterStore, query: DeadLetterQuery) {
  const letters: DeadLetterEntry[] = [];
  const cursors: string[] = [];
  let page = await store.list(query);
  letters.push(...page.data);
  while (page.nextCursor !== null) {
    assert.equal(page.data.length, query.limit);
    cursors.push(page.nextCursor);
    page = await store.list({ ...query, cursor: page.nextCursor });
    letters.push(...page.data);
  }
  return { letters, cursors };
}

async function selected(store: DeadLetterStore, filter: DeadLetterFilter): Promise<number[]> {
  const ids: number[] = [];
  for (;;) {
    const page = await store.select({ filter }, ids.at(-1) ?? 0, 100);
    if (page.length === 0) return ids;
    ids.push(...page.map(({ id }) => id));
  }
}
