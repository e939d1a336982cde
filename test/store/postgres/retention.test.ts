import t from 'tap';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, deadLetter, place } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import { storeUnderTest } from './make-store.ts';

const server = await PostgresServer.start(t);

await t.test('a pass writes nothing to the rows of closed orders that stay', async (t) => {
  const { writer, retentionStore, rows } = await storeUnderTest(t, await server.createStore());
  const store = await writer();
  await apply(store, [place(0, 'kept', { status: 'failed' }), place(1, 'latest')], 1_000);
  await keepDeadLetters(store, [deadLetter({ offset: 5 }, { orderId: 'kept' })]);

  const retention = await retentionStore();
  const request = { owner: 'one', before: 10_000, keepMs: 0, after: undefined, limit: 10 };
  t.match(await retention.deleteClosed(request), { isOwner: true, deleted: 0 });
  t.same(await rows(`SELECT xmax::text AS locked FROM orders WHERE id = 'kept'`), [{ locked: '0' }]);
});
