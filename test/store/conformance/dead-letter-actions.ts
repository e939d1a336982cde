import type { Test } from 'tap';
import type { DeadLetterStore } from '../../../src/store/dead-letter-store.ts';
import { deadLetter, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore } from '../store-under-test.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const BY = { by: 'ann', at: 7_000 };

export async function deadLetterActionConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'a dead letter is found with its payload byte for byte and the plain name of its topic',
    async (t) => {
      const { deadLetterStore, writer } = await makeStore(t);
      const store = await deadLetterStore();
      const saved = deadLetter(
        { partition: 3, offset: 9, key: ALL_BYTES, value: Buffer.from([0xff, 0x00, 0xc3]) },
        { orderId: 'o-1', reason: 'retries-exhausted', attempts: 20, replayCount: 2 },
      );
      const writing = await writer();
      await keepDeadLetters(writing, [saved], [], `kafka:shop.${TOPIC}`);
      await keepDeadLetters(
        writing,
        [deadLetter({ offset: 0, key: null, value: null })],
        [],
        `embedded:${TOPIC}`,
      );
      const found = await store.find(1);
      t.strictSame(bytes(found?.key), saved.record.key);
      t.strictSame(bytes(found?.value), saved.record.value);
      t.equal(found?.topic, `shop.${TOPIC}`);
      t.match(found, {
        id: 1,
        orderId: 'o-1',
        reason: 'retries-exhausted',
        error: saved.error,
        attempts: 20,
        partition: 3,
        offset: 9,
        firstFailedAt: saved.firstFailedAt,
        failedAt: saved.failedAt,
        replayCount: 2,
        state: 'open',
      });
      t.equal((await store.find(2))?.topic, TOPIC);
      t.match(await store.find(2), { orderId: null, key: null, value: null });
      t.equal(await store.find(3), undefined);
      t.same(await store.audit(3), []);
    },
  );

  await t.test('a selection by ids comes in order, each once, without ids that do not exist', async (t) => {
    const store = await storeWithDeadLetters(t, makeStore, 6);
    const page = await store.select({ ids: [5, 2, 99, 2, 4] }, 0, 2);
    t.same(
      page.map(({ id, value }) => [id, Buffer.from(value ?? []).toString()]),
      [
        [2, 'payload 2'],
        [4, 'payload 4'],
      ],
    );
    t.same(
      (await store.select({ ids: [5, 2, 99, 2, 4] }, 4, 2)).map(({ id }) => id),
      [5],
    );
    t.same(await store.select({ ids: [5, 2] }, 5, 2), []);
    t.same(await store.count({ ids: [5, 2, 99, 2] }, { states: ['open'] }), { matched: 2, eligible: 2 });
  });

  await t.test(
    'a selection of large dead letters comes in pages that fit into memory, and is complete',
    async (t) => {
      const { deadLetterStore, writer } = await makeStore(t);
      const store = await deadLetterStore();
      const large = Buffer.alloc(1_500_000, 'x');
      await keepDeadLetters(
        await writer(),
        Array.from({ length: 8 }, (_, offset) => deadLetter({ offset, value: large })),
      );
      const sizes: number[] = [];
      let page = await store.select({ filter: {} }, 0, 100);
      while (page.length > 0) {
        sizes.push(page.length);
        page = await store.select({ filter: {} }, page.at(-1)?.id ?? 0, 100);
      }
      t.same(sizes, [3, 3, 2]);
    },
  );

  await t.test('a replay that the log refuses is noted and changes no state', async (t) => {
    const store = await storeWithDeadLetters(t, makeStore, 2);
    await store.replayRefused([{ id: 2, reason: 'The record is too large ✂' }], BY);
    t.same(await store.audit(2), [{ act: 'replay-refused', ...BY, detail: 'The record is too large ✂' }]);
    t.same(await store.audit(1), []);
    t.same(await statesOf(store, 2), ['open', 'open']);
  });

  await t.test('the begin of a replay is noted for dead letters that can still be replayed', async (t) => {
    const { deadLetterStore, writer } = await makeStore(t);
    const store = await deadLetterStore();
    const writing = await writer();
    await keepDeadLetters(writing, [
      deadLetterAt(0),
      deadLetterAt(1),
      { ...deadLetterAt(2), state: 'exhausted' },
      { ...deadLetterAt(3), replayCount: 4 },
      deadLetterAt(4),
    ]);
    await keepDeadLetters(
      writing,
      [],
      [{ id: 5, value: Buffer.from('payload 5'), outcome: 'confirmed', at: 6_000 }],
    );
    t.same(await store.replayBegun([4, 1, 3, 5, 99], BY), [1, 3, 4]);
    t.same(await store.audit(4), [{ act: 'replay-begun', ...BY, detail: 'replay 5' }]);
    t.same(await store.audit(5), [
      { act: 'replay-resolved', by: 'pipeline', at: 6_000, detail: 'confirmed' },
    ]);
    t.same(await statesOf(store, 5), ['open', 'open', 'exhausted', 'open', 'resolved']);

    const sent = [
      { id: 1, replayCount: 0 },
      { id: 3, replayCount: 0 },
      { id: 4, replayCount: 4 },
    ];
    await store.replaySent(sent, BY);
    t.match(await store.audit(4), [
      { act: 'replay-begun' },
      { act: 'replay-sent', ...BY, detail: 'replay 5' },
    ]);
    t.same(await statesOf(store, 5), ['replaying', 'open', 'replaying', 'replaying', 'resolved']);
    t.same(await store.replayBegun([1], BY), [1], 'a lost replay can be sent again');
  });

  await t.test(
    'a replay that the pipeline has processed already stays settled when it is marked as sent',
    async (t) => {
      const { deadLetterStore, writer } = await makeStore(t);
      const store = await deadLetterStore();
      const writing = await writer();
      await keepDeadLetters(writing, [deadLetterAt(0), deadLetterAt(1), deadLetterAt(2)]);
      await store.replayBegun([1, 2, 3], BY);
      await keepDeadLetters(
        writing,
        [{ ...deadLetterAt(0, 90), replayOf: 1, replayCount: 1, failedAt: 8_000 }],
        [{ id: 2, value: Buffer.from('payload 2'), outcome: 'confirmed', at: 8_000 }],
      );
      await store.replaySent(
        [1, 2, 3].map((id) => ({ id, replayCount: 0 })),
        BY,
      );
      t.same(await statesOf(store, 3), ['open', 'resolved', 'replaying']);
      t.match(await store.find(1), { replayCount: 1, failedAt: 8_000, offset: 90 });
      const acts = async (id: number) => (await store.audit(id)).map(({ act }) => act);
      t.same(await acts(1), ['replay-begun', 'replay-failed', 'replay-sent']);
      t.same(await acts(2), ['replay-begun', 'replay-resolved', 'replay-sent']);
    },
  );

  await t.test(
    'a dead letter that is not settled is discarded once, and the audit says by whom',
    async (t) => {
      const { deadLetterStore, writer } = await makeStore(t);
      const store = await deadLetterStore();
      const writing = await writer();
      await keepDeadLetters(writing, [
        deadLetterAt(0),
        deadLetterAt(1),
        { ...deadLetterAt(2), state: 'exhausted' },
        deadLetterAt(3),
      ]);
      await store.replaySent([{ id: 2, replayCount: 0 }], BY);
      await keepDeadLetters(
        writing,
        [],
        [{ id: 4, value: Buffer.from('payload 4'), outcome: 'confirmed', at: 6_000 }],
      );
      t.same(await store.discard([4, 3, 2, 1, 99], BY), [1, 2, 3]);
      t.same(await statesOf(store, 4), ['discarded', 'discarded', 'discarded', 'resolved']);
      t.match(await store.audit(2), [
        { act: 'replay-sent' },
        { act: 'discarded', ...BY, detail: 'was replaying' },
      ]);
      t.same(await store.discard([1, 2, 3, 4], BY), []);
      t.same(await store.replayBegun([1], BY), []);
      await store.replaySent([{ id: 1, replayCount: 0 }], BY);
      t.equal((await store.find(1))?.state, 'discarded');
      t.same(
        (await store.audit(1)).map(({ act }) => act),
        ['discarded', 'replay-sent'],
      );
    },
  );
}

async function storeWithDeadLetters(t: Test, makeStore: MakeStore, count: number): Promise<DeadLetterStore> {
  const { deadLetterStore, writer } = await makeStore(t);
  await keepDeadLetters(
    await writer(),
    Array.from({ length: count }, (_, index) => deadLetterAt(index)),
  );
  return deadLetterStore();
}

/** The dead letter that gets the id `index` + 1. */
function deadLetterAt(index: number, offset = index) {
  return deadLetter({ offset, value: Buffer.from(`payload ${index + 1}`) });
}

/** A payload from another thread is not a Buffer any more. */
function bytes(payload: Uint8Array | null | undefined): Buffer | null {
  return payload === null || payload === undefined ? null : Buffer.from(payload);
}

async function statesOf(store: DeadLetterStore, count: number): Promise<(string | undefined)[]> {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  return Promise.all(ids.map(async (id) => (await store.find(id))?.state));
}
