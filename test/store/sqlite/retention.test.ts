import t from 'tap';
import { openBatchStore, openRetentionStore } from '../../../src/store/open/open-store.ts';
import { openReadOnly } from '../../../src/store/sqlite/connection.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { apply, place } from '../batch.ts';
import { deleteAll } from '../conformance/retention.ts';
import { migratedTarget } from './make-store.ts';

await t.test('deleted orders leave the index of customers and merchants', async (t) => {
  const target = await migratedTarget(t);
  const lock = createWriteLock();
  const [store, retention] = [await openBatchStore(target, lock), await openRetentionStore(target, lock)];
  const database = openReadOnly(target.path);
  t.teardown(async () => {
    database.close();
    await Promise.all([store.close(), retention.close()]);
  });
  const status = 'rejected';
  await apply(
    store,
    [place(0, 'a', { status, customerId: 'c' }), place(1, 'b', { status, customerId: 'd' }), place(2, 'c')],
    1,
  );
  const postings = database.prepare('SELECT count(*) FROM order_parties WHERE order_parties MATCH ?').pluck();
  const found = () => ['c63', 'c64', 'm6D2D31'].map((word) => postings.get(word));
  t.same(found(), [1, 1, 3]);
  t.equal((await deleteAll(retention, 10)).deleted, 2);
  t.same(found(), [0, 0, 1]);
});
