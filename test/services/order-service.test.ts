import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { UNKNOWN_OFFSET } from '../../src/base/position.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService } from '../support/small-service.ts';
import { withoutFind } from '../support/without-find.ts';

const alice = { caller: 'alice', access: ALL_ORDERS };

await t.test('an order without a key gets a fresh id and a position in the log', async (t) => {
  const { orderService, log } = await startSmallService(t);
  const [a, b] = await Promise.all([1, 2].map(() => orderService.place(anOrder(), alice)));
  t.not(a?.receipt.id, b?.receipt.id);
  t.match(a, { replayed: false, receipt: { total: 50_000, currency: 'INR' } });
  const logged = await log.find?.('orders.commands', a?.receipt.id ?? '');
  t.match(logged, a?.receipt.position ?? {});
});

await t.test('invariant 1: an order is acknowledged only after the log has it durably', async (t) => {
  const { orderService, log } = await startSmallService(t);
  for (const options of [alice, { ...alice, idempotencyKey: 'key-1' }]) {
    let acknowledge: () => void = () => undefined;
    const isDurable = new Promise<void>((resolve) => (acknowledge = resolve));
    const append = log.append.bind(log);
    const appended = new Promise<void>((resolve) => {
      log.append = async (record) => {
        const position = await append(record);
        resolve();
        await isDurable;
        return position;
      };
    });
    let isAcknowledged = false;
    const placing = orderService.place(anOrder(), options).then(() => (isAcknowledged = true));
    await appended;
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    t.notOk(isAcknowledged, 'not before the log acknowledges');
    acknowledge();
    t.ok(await placing);
    log.append = append;
  }
});

await t.test('a total that is not a safe integer is refused and nothing is appended', async (t) => {
  const { orderService, log } = await startSmallService(t);
  log.append = () => t.fail('nothing is appended') as never;
  const items = [{ sku: 's', quantity: 1_000_000, unitPrice: 1e10 }];
  await t.rejects(orderService.place(anOrder({ items }), alice), { code: 'total-too-large' });
});

await t.test('an acknowledged order is never unknown', async (t) => {
  const service = await startSmallService(t);
  const { receipt } = await service.orderService.place(anOrder(), alice);
  const { id, position } = receipt;
  const { orderService: other } = service.replica();

  await t.test('to the replica that took it', async (t) => {
    t.same(await service.orderService.get(id, ALL_ORDERS), { id, status: 'accepted', version: 0 });
  });
  await t.test('to another replica that is given its position', async (t) => {
    t.same(await other.get(id, ALL_ORDERS, { position }), { id, status: 'accepted', version: 0 });
  });
  await t.test('to another replica whose log can look it up', async (t) => {
    t.same(await other.get(id, ALL_ORDERS), { id, status: 'accepted', version: 0 });
    t.same(await other.history(id, ALL_ORDERS), []);
  });
  await service.processAll();
  await t.test('to any replica once it is stored', async (t) => {
    for (const orderService of [service.orderService, other]) {
      t.match(await orderService.get(id, ALL_ORDERS), { status: 'confirmed', version: 1 });
      t.match(await orderService.history(id, ALL_ORDERS), [{ status: 'confirmed', version: 1 }]);
    }
  });
});

await t.test(
  'an order whose offset the log does not say is known, but has no position for callers',
  async (t) => {
    const { replica, log } = await startSmallService(t);
    const { orderService } = replica(
      withoutFind(log, {
        append: async (record) => ({ ...(await log.append(record)), offset: UNKNOWN_OFFSET }),
      }),
    );
    const { receipt } = await orderService.place(anOrder(), alice);
    t.equal(receipt.position, undefined);
    t.match(await orderService.get(receipt.id, ALL_ORDERS), { status: 'accepted' });
    t.match(await orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS), {
      position: undefined,
    });
  },
);

await t.test('an unknown order is not found, not even with a position that is processed', async (t) => {
  const { orderService, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);
  await processAll();
  await t.rejects(orderService.get(randomUUID(), ALL_ORDERS), { code: 'order-not-found' });
  await t.rejects(orderService.get(randomUUID(), ALL_ORDERS, { position: receipt.position }), {
    code: 'order-not-found',
  });
  await t.rejects(orderService.history(randomUUID(), ALL_ORDERS), { code: 'order-not-found' });
});

await t.test('transition requests', async (t) => {
  const { orderService, reader, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);
  const { id } = receipt;

  await t.test('are all taken while the order is accepted, and decided in their turn', async (t) => {
    const taken = await orderService.transition(id, { to: 'cancelled', expectedVersion: 0 }, ALL_ORDERS);
    t.match(taken, { id, status: 'accepted', version: 0, requested: 'cancelled' });
    await orderService.transition(id, { to: 'delivered' }, ALL_ORDERS);
    await processAll();
    t.same(
      (await reader.history(id, ALL_ORDERS)).map(({ status }) => status),
      ['confirmed', 'cancelled'],
    );
  });
  await t.test('that a stored order does not allow are refused at once', async (t) => {
    await t.rejects(orderService.transition(id, { to: 'preparing' }, ALL_ORDERS), {
      code: 'transition-not-allowed',
    });
    await t.rejects(orderService.transition(id, { to: 'preparing', expectedVersion: 1 }, ALL_ORDERS), {
      code: 'version-mismatch',
    });
    await t.rejects(orderService.transition(randomUUID(), { to: 'preparing' }, ALL_ORDERS), {
      code: 'order-not-found',
    });
  });
});

await t.test('a transition request goes to the partition of the order', async (t) => {
  const service = await startSmallService(t);
  const { log, reader } = service;
  const asked: (number | undefined)[] = [];
  // A log that cannot look up keys, as Kafka; its topic has grown since the order was placed.
  const grown = withoutFind(log, {
    append(record) {
      asked.push(record.partition);
      return log.append(record);
    },
  });
  const { orderService } = service.replica(grown);
  const { receipt } = await orderService.place(anOrder(), alice);
  const { id, position } = receipt;
  const elsewhere = { partition: ((position?.partition ?? 0) + 1) % 3, offset: 0 };
  const cancel = (service: typeof orderService, hint?: typeof position) =>
    service.transition(id, { to: 'cancelled' }, ALL_ORDERS, { position: hint });
  const { orderService: other } = service.replica(grown);

  await t.test('that this replica accepted, whatever the caller says', async (t) => {
    await cancel(orderService, elsewhere);
    t.equal(asked.pop(), position?.partition);
  });
  await t.test('that the caller names, if no one else knows it', async (t) => {
    await cancel(other, elsewhere);
    t.equal(asked.pop(), elsewhere.partition);
    await t.rejects(cancel(other, { partition: 3, offset: 0 }), { code: 'position-invalid' });
  });
  await t.test('that the store knows, whatever the caller or this replica says', async (t) => {
    t.intercept(reader, 'placingPartition', { value: () => Promise.resolve(elsewhere.partition) });
    for (const service of [orderService, other]) {
      await cancel(service, position);
      t.equal(asked.pop(), elsewhere.partition);
    }
  });
  await t.test('unless it came from a log with more partitions: then to that of its key', async (t) => {
    t.intercept(reader, 'placingPartition', { value: () => Promise.resolve(7) });
    t.match(await cancel(other, position), { position: { partition: position?.partition } });
    t.same(asked.splice(-2), [7, undefined]);
  });
});

await t.test('a transition request to the embedded log needs no partition from the store', async (t) => {
  const { orderService, reader } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);
  const look = t.intercept(reader, 'placingPartition', { value: () => Promise.resolve(0) });
  t.match(await orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS), { status: 'accepted' });
  t.same(look(), []);
});

await t.test('invariant 9: a retrying order takes at most a hundred events behind it', async (t) => {
  const { orderService, reader } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);
  const record = { partition: 0, offset: 0, key: null, value: null, timestamp: 0 };
  const withEvents = (events: number) =>
    t.intercept(reader, 'findUnstored', {
      value: () => Promise.resolve({ state: 'retrying', record, events }),
    });
  withEvents(99);
  t.match(await orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS), { status: 'accepted' });
  withEvents(100);
  await t.rejects(orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS), {
    code: 'rate-limited',
    retryAfter: 10,
    message: /100 events behind it/,
  });
});

await t.test('waiting for an order', async (t) => {
  const { orderService, hub, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);

  await t.test('ends without it when the time is up', async (t) => {
    t.equal(await orderService.wait(receipt.id, ALL_ORDERS, { timeoutMs: 30 }), undefined);
    t.equal(hub.watcherCount, 0, 'no watcher is left');
  });
  await t.test('ends without it when the caller gives up', async (t) => {
    const caller = new AbortController();
    const waiting = orderService.wait(receipt.id, ALL_ORDERS, { timeoutMs: 20_000, signal: caller.signal });
    caller.abort();
    t.equal(await waiting, undefined);
    t.equal(hub.watcherCount, 0, 'no watcher is left');
  });
  await t.test('ends with it as soon as it is processed', async (t) => {
    const waiting = orderService.wait(receipt.id, ALL_ORDERS, { timeoutMs: 20_000 });
    await processAll();
    t.match(await waiting, { id: receipt.id, status: 'confirmed' });
  });
  await t.test('misses nothing that happens while the store is read', async (t) => {
    const service = await startSmallService(t);
    const { receipt } = await service.orderService.place(anOrder(), alice);
    const find = service.reader.find.bind(service.reader);
    service.reader.find = async (id) => {
      const order = await find(id, ALL_ORDERS);
      if (order === undefined) await service.processAll();
      return order;
    };
    const waiting = service.orderService.wait(receipt.id, ALL_ORDERS, { timeoutMs: 2_000 });
    const startedAt = performance.now();
    t.match(await waiting, { id: receipt.id, status: 'confirmed' });
    t.ok(performance.now() - startedAt < 2_000, 'long before the time is up');
  });
  await t.test('is not needed when it was processed before', async (t) => {
    t.match(await orderService.wait(receipt.id, ALL_ORDERS, { timeoutMs: 20_000 }), { status: 'confirmed' });
    t.equal(hub.watcherCount, 0);
  });
});
