import t from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { BatchToSave } from '../../../src/store/order-store.ts';
import type { RetryingOrder } from '../../../src/store/retries.ts';
import { DelayingProxy } from '../../../tools/support/delaying-proxy.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, batchOf, deadLetter, loadFor, move, place, TOPIC } from '../batch.ts';
import { storeUnderTest } from './make-store.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);

for (const parameters of ['', '?pgbouncer=true']) {
  await t.test(`a batch of any content costs two round trips, a read one${parameters}`, async (t) => {
    const target = await server.createStore();
    // Long enough that everything sent without waiting is sent before the first answer.
    const proxy = await DelayingProxy.start(server, 200);
    t.teardown(() => proxy.stop());
    const url = target.url.replace(`:${server.port}/`, `:${proxy.port}/`) + parameters;
    const { reader, writer } = await storeUnderTest(t, { ...target, url });
    const store = await writer();
    const orders = Array.from({ length: 500 }, (_, i) => place(i, `o-${i}`));
    const moves = [...orders.map((_, i) => move(500 + i, `o-${i}`, 'preparing')), place(1_000, 'more')];
    for (const commands of [orders, moves]) {
      const before = proxy.roundTrips;
      const loadedState = await loadFor(store, commands);
      t.equal(proxy.roundTrips - before, 1, 'to load');
      const batch = everyKind(batchOf(loadedState, commands, 1));
      await store.save(batch);
      t.equal(proxy.roundTrips - before, 2, 'to save');
      t.same(await store.effectsOf(TOPIC, []), { changes: [], deadLetters: [] });
      t.equal(proxy.roundTrips - before, 2, 'an empty request costs none');
      t.match(await reader.find('o-7', ALL_ORDERS), { id: 'o-7' });
      t.equal(proxy.roundTrips - before, 3, 'to read');
    }
  });
}

await t.test('changes of parallel writers are numbered in the order of their commits', async (t) => {
  const { reader, writer } = await storeUnderTest(t, await server.createStore());
  const seen: number[][] = [];
  const lane = async (partition: number) => {
    const store = await writer();
    for (let offset = 0; offset < 200; offset += 10) {
      const commands = Array.from({ length: 10 }, (_, i) =>
        place(offset + i, `o-${partition}-${offset + i}`, { partition }),
      );
      const batch = batchOf(await loadFor(store, commands), commands, 1);
      if (offset % 50 === 0) await store.dryRun(batch);
      const last = await store.save(batch);
      seen.push([last, ...(await reader.latestChanges(1)).map(({ sequence }) => sequence)]);
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  const sequences = (await reader.latestChanges(1_000)).map(({ sequence }) => sequence);
  t.same(
    sequences,
    Array.from({ length: 800 }, (_, i) => i + 1),
    'without gaps',
  );
  for (const [last = 0, latest = 0] of seen) t.ok(latest >= last, 'a later commit has higher numbers');
});

await t.test('where they are not read as a log, changes have no number', async (t) => {
  const target = { ...(await server.createStore()), numbersChanges: false };
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  const { changes } = await apply(store, [place(0, 'a'), move(1, 'a', 'preparing')]);
  const commands = [place(2, 'b')];
  t.equal(await store.save(batchOf(await loadFor(store, commands), commands, 1)), 0);
  t.same(
    await reader.changes('a', ALL_ORDERS),
    changes.map((change) => ({ sequence: 0, change })),
  );
  t.same(await reader.latestChanges(10), []);
});

await t.test('text that PostgreSQL cannot store comes back as it was', async (t) => {
  const target = await server.createStore();
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  const odd = 'a\0b\uFDD0c\uFDD00';
  const id = 'id\0';
  const order = place(0, id);
  if ('outcome' in order) {
    order.outcome = { status: 'rejected', reason: odd };
    order.command.order.items = [{ sku: 's', name: odd, quantity: 1, unitPrice: 5 }];
    order.command.order.metadata = { [odd]: `${odd}\uD800` };
  }
  await apply(store, [order]);
  t.match(await reader.find(id, ALL_ORDERS), {
    id,
    items: [{ name: odd }],
    metadata: { [odd]: `${odd}\uD800` },
  });
  t.match(await reader.history(id, ALL_ORDERS), [{ reason: odd }]);
  t.equal((await store.load(TOPIC, [0], [id])).orders.get(id)?.id, id);
  const commands = [place(1, 'b')];
  const batch = batchOf(await loadFor(store, commands), commands, 1);
  batch.deadLetters.push(deadLetter({ offset: 7 }, { error: odd, orderId: id }));
  await store.save(batch);
  t.match(await reader.findUnstored(id, () => true), { state: 'dead-letter', record: { offset: 7 } });
  const retrying = batchOf(await loadFor(store, [place(2, 'c')]), [], 1);
  retrying.retryChanges.added.push(retryingOrder(id, odd));
  await store.save(retrying);
  t.equal((await store.load(TOPIC, [0], [id])).retrying.get(id)?.error, odd, 'even when it is read as JSON');
});

/** With rows for every statement that a batch can have. */
function everyKind(batch: BatchToSave): BatchToSave {
  const [first] = batch.decision.changes;
  const offset = first?.cause.offset ?? 0;
  const event = { partition: 0, offset, timestamp: 1, key: null, value: Buffer.from('x') };
  const retrying = retryingOrder(`retrying-${offset}`, 'e');
  batch.deadLetters.push(deadLetter({ offset, value: Buffer.from('x') }));
  batch.resolved.push({ id: 1, value: Buffer.from('x'), outcome: 'confirmed', at: 1 });
  batch.retryChanges.added.push(retrying);
  batch.retryChanges.events.push({ orderId: retrying.orderId, record: event });
  batch.retryChanges.completed.push(retrying);
  batch.retryChanges.purged = ['none'];
  return batch;
}

function retryingOrder(orderId: string, error: string): RetryingOrder {
  const times = { firstFailedAt: 1, failedAt: 1, dueAt: 1, lateMs: 0, unanswered: false };
  return { orderId, partition: 0, attempts: 1, events: 1, error, ...times };
}
