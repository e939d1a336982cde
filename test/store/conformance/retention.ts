import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { DecidedCommand } from '../../../src/order/decide.ts';
import type { RequestableStatus } from '../../../src/order/lifecycle.ts';
import type { DeadLetterState } from '../../../src/store/dead-letter.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import type { Deletion, RetentionPlace, RetentionStore } from '../../../src/store/retention-store.ts';
import { apply, deadLetter, move, place } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore } from '../store-under-test.ts';

const CUTOFF = 10_000;
const OWNER = { owner: 'one', before: CUTOFF, keepMs: 0 };

const PATHS: Record<string, readonly RequestableStatus[]> = {
  confirmed: [],
  dispatched: ['preparing', 'dispatched'],
  cancelled: ['cancelled'],
  delivered: ['preparing', 'dispatched', 'delivered'],
};

interface Grown {
  id: string;
  isDeleted: boolean;
}

export async function retentionConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'exactly the closed orders that are old and unneeded are deleted, with all their rows',
    async (t) => {
      const { writer, reader, retentionStore, rows, runSql } = await makeStore(t);
      const store = await writer();
      const grown = await grow(store, runSql);
      const gone = grown.filter(({ isDeleted }) => isDeleted).map(({ id }) => id);
      const kept = grown.filter(({ isDeleted }) => !isDeleted).map(({ id }) => id);
      const before = await rowsOf(rows, kept);

      const { deleted, calls } = await deleteAll(await retentionStore(), 7);
      t.equal(deleted, gone.length);
      t.ok(calls > 3, 'in small batches');

      t.same(await rowsOf(rows, kept), before, 'the rows of other orders stay as they are');
      const left = await rowsOf(rows, gone);
      t.same(
        left.map((table) => table.length),
        left.map(() => 0),
        'nothing of the deleted orders is left',
      );
      const audited = await rows(
        'SELECT letter_id FROM dead_letter_audit WHERE letter_id NOT IN (SELECT id FROM dead_letters)',
      );
      t.same(audited, []);
      for (const customerId of ['c-0', 'c-1', 'c-2']) {
        const { data } = await reader.list({ customerId, limit: 1_000 }, ALL_ORDERS);
        const expected = grown.filter(
          ({ id }) => `c-${Number(id.slice(2)) % 3}` === customerId && kept.includes(id),
        );
        t.same(
          new Set(data.map(({ id }) => id)),
          new Set(expected.map(({ id }) => id)),
          `the list of ${customerId}`,
        );
      }
      t.equal((await deleteAll(await retentionStore(), 7)).deleted, 0, 'a second pass finds nothing');
    },
  );

  await t.test('a redelivered record of a deleted order changes nothing', async (t) => {
    const { writer, reader, retentionStore } = await makeStore(t);
    const store = await writer();
    const placed = place(0, 'old', { status: 'rejected' });
    t.equal(await store.deletedBefore(), 0);
    await apply(store, [placed], 1);
    await apply(store, [place(1, 'new')], CUTOFF);
    await deleteAll(await retentionStore(), 10);
    t.equal(await store.deletedBefore(), CUTOFF);
    const { placed: again } = await apply(store, [placed], CUTOFF + 1);
    t.same(again, []);
    t.equal(await reader.find('old', ALL_ORDERS), undefined);
  });

  await t.test('numbers of changes are not used again', async (t) => {
    const { writer, reader, retentionStore, lineageStore } = await makeStore(t);
    const store = await writer();
    await apply(store, [place(0, 'a', { status: 'failed' }), place(1, 'b', { status: 'rejected' })], 1);
    t.equal((await deleteAll(await retentionStore(), 10)).deleted, 1, 'the latest change stays');
    t.match((await (await lineageStore()).beginEpoch('e')).at(-1), { firstSequence: 3 });
    await apply(store, [place(2, 'c')], CUTOFF);
    t.same(
      (await reader.latestChanges(10)).map(({ sequence }) => sequence),
      [2, 3],
    );
    t.equal((await deleteAll(await retentionStore(), 10)).deleted, 1);
  });

  await t.test('one process deletes at a time', async (t) => {
    const { writer, retentionStore, runSql } = await makeStore(t);
    await apply(await writer(), [place(0, 'a', { status: 'failed' }), place(1, 'b')], 1);
    const [one, other] = [await retentionStore(), await retentionStore()];
    const request = { ...OWNER, after: undefined, limit: 10 };
    t.match(await one.deleteClosed({ ...request, before: 0 }), { isOwner: true, deleted: 0 });
    t.match(await other.deleteClosed({ ...request, owner: 'other' }), { isOwner: false, deleted: 0 });
    await runSql('UPDATE order_retention SET seen_at = seen_at - 200000');
    t.match(await other.deleteClosed({ ...request, owner: 'other' }), { isOwner: true, deleted: 1 });
    t.match(await one.deleteClosed(request), { isOwner: false });
    await one.release('one');
    t.match(await one.deleteClosed(request), { isOwner: false }, 'only the owner can give up the right');
    await other.release('other');
    t.match(await one.deleteClosed(request), { isOwner: true });
  });

  await t.test('the newest order tells how far the clock can be trusted', async (t) => {
    const { writer, retentionStore } = await makeStore(t);
    const store = await retentionStore();
    t.equal(await store.newestOrderAt(), undefined);
    await apply(await writer(), [place(0, 'a', { time: 700 }), place(1, 'b', { time: 300 })], 900);
    t.equal(await store.newestOrderAt(), 700);
  });
}

/** Runs a pass to its end. */
export async function deleteAll(
  store: RetentionStore,
  limit: number,
): Promise<{ deleted: number; calls: number }> {
  let [deleted, calls] = [0, 0];
  let after: RetentionPlace | undefined;
  do {
    const deletion: Deletion = await store.deleteClosed({ ...OWNER, after, limit });
    deleted += deletion.deleted;
    after = deletion.next;
    calls += 1;
  } while (after !== undefined);
  return { deleted, calls };
}

/** Orders of every status and age, with and without a reason to keep them, in every combination. */
async function grow(store: BatchStore, runSql: (sql: string) => Promise<void>): Promise<Grown[]> {
  const statuses = ['confirmed', 'dispatched', 'cancelled', 'delivered', 'rejected', 'failed'];
  const letters: (DeadLetterState | undefined)[] = [
    undefined,
    'open',
    'replaying',
    'exhausted',
    'resolved',
    'discarded',
  ];
  const grown: Grown[] = [];
  let offset = 0;
  for (const at of [CUTOFF - 5_000, CUTOFF - 1, CUTOFF, CUTOFF + 5_000]) {
    for (const status of statuses) {
      for (const letter of letters) {
        for (const isRetrying of [false, true]) {
          const id = `o-${grown.length}`;
          const isUnneeded =
            !isRetrying && (letter === undefined || ['resolved', 'discarded'].includes(letter));
          const isClosed = !['confirmed', 'dispatched'].includes(status);
          grown.push({ id, isDeleted: isUnneeded && isClosed && at < CUTOFF });
          const first = status === 'rejected' || status === 'failed' ? status : 'confirmed';
          const commands: DecidedCommand[] = [
            place(offset++, id, { status: first, customerId: `c-${(grown.length - 1) % 3}` }),
          ];
          for (const to of PATHS[status] ?? []) commands.push(move(offset++, id, to));
          await apply(store, commands, at);
          if (letter !== undefined) {
            await keepDeadLetters(store, [deadLetter({ offset: offset++ }, { orderId: id })]);
            await runSql(`UPDATE dead_letters SET state = '${letter}' WHERE order_id = '${id}'`);
            await runSql(`INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
              SELECT id, 1, 'discarded', 'ann', '' FROM dead_letters WHERE order_id = '${id}'`);
          }
          if (isRetrying) {
            await runSql(`INSERT INTO retrying_orders (order_id, topic, partition, attempts, events, error, first_failed_at,
              failed_at, due_at, late_ms) VALUES ('${id}', 't', 0, 1, 0, '', 0, 0, 0, 0)`);
          }
        }
      }
    }
  }
  return grown;
}

async function rowsOf(
  rows: (sql: string) => Promise<Record<string, unknown>[]>,
  ids: readonly string[],
): Promise<Record<string, unknown>[][]> {
  const among = `IN (${ids.map((id) => `'${id}'`).join(', ')})`;
  return [
    await rows(`SELECT * FROM orders WHERE id ${among} ORDER BY id`),
    await rows(`SELECT * FROM order_history WHERE order_id ${among} ORDER BY order_id, version`),
    await rows(`SELECT * FROM dead_letters WHERE order_id ${among} ORDER BY id`),
    await rows(`SELECT * FROM retrying_orders WHERE order_id ${among} ORDER BY order_id`),
  ];
}
