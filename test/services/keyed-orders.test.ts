import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import type { OrderService } from '../../src/services/order-service.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService } from '../support/small-service.ts';
import { withoutFind } from '../support/without-find.ts';

const placeKeyed = (
  orderService: OrderService,
  changes: Parameters<typeof anOrder>[0] = {},
  options = { caller: 'alice', access: ALL_ORDERS, idempotencyKey: 'key-1' },
) => orderService.place(anOrder(changes), options);

await t.test('a repeated key', async (t) => {
  const service = await startSmallService(t);
  const { orderService } = service;
  const first = await placeKeyed(orderService);
  t.equal(first.replayed, false);

  const isRepeat = async (t: Test, replica: OrderService) => {
    t.match(await placeKeyed(replica), { replayed: true, receipt: { id: first.receipt.id, total: 50_000 } });
    await t.rejects(placeKeyed(replica, { merchantId: 'm-other' }), { code: 'idempotency-key-reused' });
  };
  await t.test('is known to the process that took the first', (t) => isRepeat(t, orderService));
  await t.test('is known after a restart, from the log', (t) => isRepeat(t, service.replica().orderService));
  await t.test('of another caller is another order', async (t) => {
    const ofBob = await placeKeyed(
      orderService,
      {},
      { caller: 'bob', access: ALL_ORDERS, idempotencyKey: 'key-1' },
    );
    t.not(ofBob.receipt.id, first.receipt.id);
  });
  await service.processAll();
  await t.test('is known to any replica once the order is stored', (t) =>
    isRepeat(t, service.replica().orderService),
  );
});

await t.test('two requests at once with one key are one order', async (t) => {
  const { orderService, reader, processAll } = await startSmallService(t);
  const both = await Promise.all([placeKeyed(orderService), placeKeyed(orderService)]);
  t.same(both.map(({ replayed }) => replayed).sort(), [false, true]);
  t.equal(both[0].receipt.id, both[1].receipt.id);
  await processAll();
  t.equal((await reader.history(both[0].receipt.id, ALL_ORDERS)).length, 1);
});

await t.test('a key whose first order could not be logged is free again', async (t) => {
  const service = await startSmallService(t);
  let isDown = true;
  const shaky = withoutFind(service.log, {
    append: (record) => (isDown ? Promise.reject(new Error('down')) : service.log.append(record)),
  });
  const { orderService } = service.replica(shaky);
  await t.rejects(placeKeyed(orderService), { message: 'down' });
  isDown = false;
  t.match(await placeKeyed(orderService), { replayed: false });
});

await t.test('while the store is away', async (t) => {
  const service = await startSmallService(t);
  const kafka = withoutFind(service.log);
  const away = () =>
    t.intercept(service.reader, 'find', {
      value: () => Promise.reject(new ServiceError('store-unavailable', 'away')),
    });
  const [one, other] = [service.replica(kafka), service.replica(kafka)];
  let intercepted = away();
  const first = await placeKeyed(one.orderService);

  await t.test('an order with a key is accepted, and a repeat has the same id on any replica', async (t) => {
    t.equal(first.replayed, false);
    t.match(await placeKeyed(one.orderService), { replayed: true, receipt: { id: first.receipt.id } });
    t.match(await placeKeyed(other.orderService, { merchantId: 'm-other' }), {
      receipt: { id: first.receipt.id },
    });
  });
  await t.test('another body is refused where the first one was accepted', (t) =>
    t.rejects(placeKeyed(one.orderService, { merchantId: 'm-other' }), { code: 'idempotency-key-reused' }),
  );
  await t.test('a store that does not answer is not waited for', async (t) => {
    intercepted.restore();
    intercepted = t.intercept(service.reader, 'find', { value: () => new Promise(() => undefined) });
    const key = { caller: 'alice', access: ALL_ORDERS, idempotencyKey: 'key-2' };
    t.match(await placeKeyed(one.orderService, {}, key), { replayed: false });
  });
  intercepted.restore();
  await service.processAll();
  await t.test('and is back, the first body has won on every replica', async (t) => {
    t.match(await one.orderService.get(first.receipt.id, ALL_ORDERS), {
      version: 1,
      merchantId: anOrder().merchantId,
    });
    t.match(await placeKeyed(other.orderService), { replayed: true, receipt: { id: first.receipt.id } });
    await t.rejects(placeKeyed(other.orderService, { merchantId: 'm-other' }), {
      code: 'idempotency-key-reused',
    });
  });
});

await t.test('on a log that cannot look up keys, the first status tells who came first', async (t) => {
  const service = await startSmallService(t);
  const kafka = withoutFind(service.log);

  await t.test('while nothing is processed, a repeat is answered as new, with the same id', async (t) => {
    const [one, other] = [service.replica(kafka, 100), service.replica(kafka, 100)];
    const [first, repeat] = await Promise.all([placeKeyed(one.orderService), placeKeyed(other.orderService)]);
    t.equal(first.receipt.id, repeat.receipt.id);
  });

  await t.test('when it is processed meanwhile, the second replica learns that it is second', async (t) => {
    const [one, other] = [service.replica(kafka, 30_000), service.replica(kafka, 30_000)];
    const place = (replica: typeof one, merchantId: string) =>
      placeKeyed(
        replica.orderService,
        { merchantId },
        { caller: 'alice', access: ALL_ORDERS, idempotencyKey: 'key-2' },
      );
    const appended = nextAppends(service.log, 2);
    const first = place(one, 'm-9');
    await appended.reached(1);
    const conflicting = place(other, 'm-other').catch((error: unknown) => error);
    await appended.reached(2);
    await service.processAll([one.hub, other.hub]);
    t.match(await first, { replayed: false });
    t.match(await conflicting, { code: 'idempotency-key-reused' });
  });
});

await t.test('only orders with a key keep to the partitions that the topic had at first', async (t) => {
  const { orderService, log } = await startSmallService(t);
  const append = t.capture(log, 'append', log.append.bind(log));
  await placeKeyed(orderService);
  await orderService.place(anOrder(), { caller: 'alice', access: ALL_ORDERS });
  const appended = append().map(({ args: [record] }) => record.ignoresGrowth ?? false);
  t.same(appended, [true, false]);
});

/** Resolves `reached(n)` when n appends were acknowledged from now on. */
function nextAppends(log: EventLog, count: number) {
  const waiting = Array.from({ length: count }, () => {
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((settle) => (resolve = settle));
    return { promise, resolve };
  });
  let acknowledged = 0;
  const append = log.append.bind(log);
  log.append = async (record) => {
    const position = await append(record);
    waiting[acknowledged++]?.resolve();
    return position;
  };
  return { reached: (number: number) => waiting[number - 1]?.promise };
}
