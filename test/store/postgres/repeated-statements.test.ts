import type { Client } from 'pg';
import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { PostgresBatchStore } from '../../../src/store/postgres/batch-store.ts';
import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import type { PostgresTarget } from '../../../src/store/target.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, place, TOPIC } from '../batch.ts';
import { storeUnderTest } from './make-store.ts';

t.setTimeout(120_000);

const server = await PostgresServer.start(t);

await t.test('reads go on when the type of a column changes', async (t) => {
  const target = await server.createStore({ poolSize: 3 });
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  await apply(store, [place(0, 'a')]);
  const everywhere = async () => [
    // More reads than connections, so that every connection prepares the statement.
    await Promise.all(Array.from({ length: 12 }, () => reader.find('a', ALL_ORDERS))),
    await Promise.all(Array.from({ length: 12 }, () => reader.list({ limit: 10 }, ALL_ORDERS))),
    await store.loadDue({ topic: TOPIC, partitions: [0], now: 1, latest: 30_001, limit: 10, published: [] }),
    await store.effectsOf(TOPIC, [{ orderId: 'a', position: { partition: 0, offset: 0 } }]),
  ];
  const before = await everywhere();
  await server.run(
    target.url,
    `ALTER TABLE orders ALTER COLUMN status TYPE varchar(40), ALTER COLUMN customer_id TYPE varchar(64);
     ALTER TABLE order_history ALTER COLUMN reason TYPE varchar(2000);
     ALTER TABLE retrying_orders ALTER COLUMN error TYPE varchar(2000)`,
  );
  t.same(await everywhere(), before);
});

await t.test('batches go on when the type of a column changes', async (t) => {
  const target = await server.createStore();
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  for (const offset of [0, 1]) await apply(store, [place(offset, `o-${offset}`)]);
  // The only column that a batch write returns.
  await server.run(target.url, 'ALTER TABLE change_counter ALTER COLUMN last TYPE int');
  await apply(store, [place(2, 'b')]);
  t.equal(await reader.progress(TOPIC, 0), 3);
});

await t.test('reads and batches go on when their prepared statements are gone', async (t) => {
  const target = await server.createStore();
  const connection = new PostgresConnection(target, 'test');
  t.teardown(() => connection.close());
  const store = new PostgresBatchStore(connection, target);
  const discard = () => connection.query({ name: '', text: 'DEALLOCATE ALL', values: [] });
  await apply(store, [place(0, 'a')]);
  await discard();
  t.equal((await store.load(TOPIC, [0], ['a'])).progress.get(0), 1);
  const commands = [place(1, 'b')];
  await apply(store, commands);
  await discard();
  await store.load(TOPIC, [0], ['a']);
  t.equal((await apply(store, [place(2, 'c')])).placed.length, 1);
});

await t.test('a read whose connection is cut is repeated once', async (t) => {
  const target = await server.createStore();
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  await apply(store, [place(0, 'a')]);
  const blocker = await lockOrders(t, target);
  const reads = Promise.all([reader.find('a', ALL_ORDERS), store.load(TOPIC, [0], ['a'])]);
  const waiting = () =>
    server.run<{ pid: number }>(
      target.url,
      "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass",
    );
  await eventually(async () => (await waiting()).length === 2, { what: 'both reads to wait' });
  for (const { pid } of await waiting()) {
    await server.run(target.url, `SELECT pg_terminate_backend(${pid})`);
  }
  await blocker.query('COMMIT');
  const [order, loaded] = await reads;
  t.equal(order?.id, 'a');
  t.equal(loaded.orders.get('a')?.version, 1);
});

/** A client with a transaction that blocks all reads of orders. */
async function lockOrders(t: Test, target: PostgresTarget): Promise<Client> {
  const client = await server.connect(target.url);
  t.teardown(() => client.end());
  await client.query('BEGIN; LOCK TABLE orders');
  return client;
}
