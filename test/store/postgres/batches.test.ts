import t from 'tap';
import { openBatchStore } from '../../../src/store/open-store.ts';
import type { BatchToSave } from '../../../src/store/order-store.ts';
import type { ParkedOrder } from '../../../src/store/parking.ts';
import { createWriteTurn } from '../../../src/store/sqlite/write-turn.ts';
import { DelayingProxy } from '../../../tools/support/delaying-proxy.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, batchOf, deadLetter, loadFor, move, place, TOPIC } from '../batch.ts';
import { storeUnderTest } from './make-store.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);

await t.test('a batch costs two round trips, whatever is in it', async (t) => {
  const target = await server.createStore();
  // Answers come late enough for all that is sent without waiting to be sent before them.
  const proxy = await DelayingProxy.start(server, 300);
  t.teardown(() => proxy.stop());
  const url = target.url.replace(`:${server.port}/`, `:${proxy.port}/`);
  const store = await openBatchStore({ ...target, url }, createWriteTurn());
  t.teardown(() => store.close());
  const orders = Array.from({ length: 500 }, (_, i) => place(i, `o-${i}`));
  const moves = [...orders.map((_, i) => move(500 + i, `o-${i}`, 'preparing')), place(1_000, 'more')];
  for (const commands of [orders, moves]) {
    const before = proxy.roundTrips;
    const present = await loadFor(store, commands);
    t.equal(proxy.roundTrips - before, 1, 'to load');
    const batch = everyKind(batchOf(present, commands, 1));
    await store.save(batch);
    t.equal(proxy.roundTrips - before, 2, 'to save');
    t.same(await store.causedBy(TOPIC, []), { changes: [], deadLetters: [] });
    t.equal(proxy.roundTrips - before, 2, 'and none for what is not asked');
  }
});

await t.test(
  'changes of writers side by side are numbered in the order in which they are committed',
  async (t) => {
    const { reader, writer } = await storeUnderTest(t, await server.createStore());
    const seen: number[][] = [];
    const lane = async (partition: number) => {
      const store = await writer();
      for (let offset = 0; offset < 200; offset += 10) {
        const commands = Array.from({ length: 10 }, (_, i) =>
          place(offset + i, `o-${partition}-${offset + i}`, { partition }),
        );
        const batch = batchOf(await loadFor(store, commands), commands, 1);
        if (offset % 50 === 0) await store.rehearse(batch);
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
    for (const [last = 0, latest = 0] of seen)
      t.ok(latest >= last, 'what is committed later has higher numbers');
  },
);

await t.test(
  'where nobody reads them as a log, changes have no number and no writer waits for another',
  async (t) => {
    const target = { ...(await server.createStore()), numbersChanges: false };
    const { reader, writer } = await storeUnderTest(t, target);
    const store = await writer();
    const { changes } = await apply(store, [place(0, 'a'), move(1, 'a', 'preparing')]);
    const commands = [place(2, 'b')];
    t.equal(await store.save(batchOf(await loadFor(store, commands), commands, 1)), 0);
    t.same(
      await reader.changes('a'),
      changes.map((change) => ({ sequence: 0, change })),
    );
    t.same(await reader.latestChanges(10), []);
  },
);

await t.test('text that PostgreSQL cannot hold comes back as it was', async (t) => {
  const target = await server.createStore();
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  const odd = 'a\0b\uFDD0c\uFDD00';
  const id = 'id\0';
  const order = place(0, id);
  if ('verdict' in order) {
    order.verdict = { status: 'rejected', reason: odd };
    order.command.order.items = [{ sku: 's', name: odd, quantity: 1, unitPrice: 5 }];
    order.command.order.metadata = { [odd]: `${odd}\uD800` };
  }
  await apply(store, [order]);
  t.match(await reader.find(id), { id, items: [{ name: odd }], metadata: { [odd]: `${odd}\uD800` } });
  t.match(await reader.history(id), [{ reason: odd }]);
  t.equal((await store.load(TOPIC, [0], [id])).orders.get(id)?.id, id);
  const commands = [place(1, 'b')];
  const batch = batchOf(await loadFor(store, commands), commands, 1);
  batch.deadLetters.push(deadLetter({ offset: 7 }, { error: odd, orderId: id }));
  await store.save(batch);
  t.match(await reader.findKept(id), { fate: 'dead', record: { offset: 7 } });
  const waiting = batchOf(await loadFor(store, [place(2, 'c')]), [], 1);
  waiting.parking.begun.push(parkedOrder(id, odd));
  await store.save(waiting);
  t.equal((await store.load(TOPIC, [0], [id])).parked.get(id)?.error, odd, 'also when it comes as JSON');
});

/** With something for every statement that a batch can have, each with nothing that would be refused. */
function everyKind(batch: BatchToSave): BatchToSave {
  const [first] = batch.decision.changes;
  const offset = first?.cause.offset ?? 0;
  const event = { partition: 0, offset, timestamp: 1, key: null, value: Buffer.from('x') };
  const parked = parkedOrder(`parked-${offset}`, 'e');
  batch.deadLetters.push(deadLetter({ offset, value: Buffer.from('x') }));
  batch.resolved.push({ id: 1, value: Buffer.from('x'), outcome: 'confirmed', at: 1 });
  batch.parking.begun.push(parked);
  batch.parking.events.push({ orderId: parked.orderId, record: event });
  batch.parking.settled.push(parked);
  batch.parking.published = ['somebody'];
  return batch;
}

function parkedOrder(orderId: string, error: string): ParkedOrder {
  const times = { firstFailedAt: 1, failedAt: 1, dueAt: 1, lateMs: 0 };
  return { orderId, partition: 0, attempts: 1, events: 1, error, ...times };
}
