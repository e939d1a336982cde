import t from 'tap';
import { SqlLineageStore } from '../../../src/store/sql/lineage-store.ts';
import { SqliteClient } from '../../../src/store/sqlite/client.ts';
import { openWriter } from '../../../src/store/sqlite/connection.ts';
import { migratedTarget } from './make-store.ts';

await t.test('only the latest epochs are kept', async (t) => {
  const { path } = await migratedTarget(t);
  const store = new SqlLineageStore(new SqliteClient(openWriter(path)), 3);
  t.teardown(() => store.close());
  for (const id of ['a', 'b', 'c']) await store.beginEpoch(id);
  const epochs = await store.beginEpoch('d');
  t.same(
    epochs.map(({ id }) => id),
    ['b', 'c', 'd'],
  );
});
