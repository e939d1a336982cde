import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { DecidedCommand } from '../../../src/order/decide.ts';
import type { AppliedRecord } from '../../../src/store/order-store.ts';
import { placeOrder, outcome } from '../../order/arbitraries.ts';
import { apply, loadFor, move, place, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function roundTripConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('every field of any order comes back as it was placed', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    let offset = 0;
    await fc.assert(
      fc.asyncProperty(placeOrder, outcome, fc.nat(), async (drawn, outcome, now) => {
        const position = { partition: 3, offset: offset++ };
        const command = { ...drawn, orderId: `order-${offset}` };
        await apply(store, [{ position, command, outcome }], now);
        const { total, ...order } = command.order;
        assert.deepStrictEqual(await reader.find(command.orderId, ALL_ORDERS), {
          ...order,
          id: command.orderId,
          status: outcome.status,
          version: 1,
          total,
          createdAt: command.time,
          updatedAt: now,
          fingerprint: command.fingerprint ?? null,
          placedByEventId: command.eventId,
          ...(outcome.status === 'confirmed' || outcome.reason === null ? {} : { reason: outcome.reason }),
        });
        const entry = { version: 1, status: outcome.status, at: now, reason: outcome.reason, attempts: null };
        assert.deepStrictEqual(await reader.history(command.orderId, ALL_ORDERS), [entry]);
      }),
      { numRuns: 40 },
    );
    t.pass();
  });

  await t.test('the largest total and the latest time come back exactly', async (t) => {
    const { reader, writer } = await makeStore(t);
    const large = place(0, 'large', { time: 8_640_000_000_000_000 });
    if ('outcome' in large) large.command.order.total = Number.MAX_SAFE_INTEGER;
    await apply(await writer(), [large]);
    const found = await reader.find('large', ALL_ORDERS);
    t.equal(found?.total, Number.MAX_SAFE_INTEGER);
    t.equal(found?.createdAt, 8_640_000_000_000_000);
  });

  await t.test('an order that does not exist is undefined and has no history', async (t) => {
    const { reader, writer } = await makeStore(t);
    t.equal(await reader.find('unknown', ALL_ORDERS), undefined);
    t.same(await reader.history('unknown', ALL_ORDERS), []);
    t.same(await (await writer()).load(TOPIC, [0], ['unknown']), {
      orders: new Map(),
      retrying: new Map(),
      progress: new Map(),
    });
  });

  await t.test(
    'the history of an order has every version in order, within a batch and across batches',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      await apply(store, [place(0, 'a'), move(1, 'a', 'preparing')], 10);
      await apply(
        store,
        [move(2, 'a', 'dispatched'), move(3, 'a', 'delivered'), move(4, 'a', 'cancelled')],
        20,
      );
      t.match(await reader.find('a', ALL_ORDERS), {
        status: 'delivered',
        version: 4,
        createdAt: 1_000,
        updatedAt: 20,
      });
      t.same(await reader.history('a', ALL_ORDERS), [
        { version: 1, status: 'confirmed', at: 10, reason: null, attempts: null },
        { version: 2, status: 'preparing', at: 10, reason: null, attempts: null },
        { version: 3, status: 'dispatched', at: 20, reason: null, attempts: null },
        { version: 4, status: 'delivered', at: 20, reason: null, attempts: null },
      ]);
    },
  );

  await t.test('thousands of states are loaded at once, and no others', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const commands = Array.from({ length: 3_000 }, (_, i) =>
      place(i, `o-${i}`, { customerId: `c-${i % 7}` }),
    );
    await apply(store, commands);
    const { orders, progress } = await loadFor(store, commands.slice(1_000));
    t.equal(orders.size, 2_000);
    const state = { id: 'o-2999', customerId: 'c-3', merchantId: 'm-1', status: 'confirmed', version: 1 };
    t.same(orders.get('o-2999'), state);
    t.same([...progress], [[0, 3_000]]);
  });

  await t.test('the changes that a record caused are found again, all and in order', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const log: DecidedCommand[] = [
      place(5, 'a', { customerId: 'c-a', merchantId: 'm-a' }),
      place(6, 'b'),
      move(7, 'a', 'preparing'),
      move(8, 'a', 'delivered'),
    ];
    const { changes } = await apply(store, log);
    const records = log.map(({ position, command }) => ({ orderId: command.orderId, position }));
    const again = async (which: AppliedRecord[]) =>
      (await store.effectsOf(TOPIC, which)).changes.map(({ change }) => change);
    t.same(await again(records), changes);
    t.same(await again(records.slice(2)), changes.slice(2));
    t.same(await again([{ orderId: 'a', position: { partition: 1, offset: 5 } }]), []);
    t.same(await again([]), []);
  });
}
