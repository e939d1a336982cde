import t from 'tap';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import type { StatusFilter } from '../../src/status/status-filter.ts';
import { WatchService } from '../../src/services/watch-service.ts';
import type { Watch } from '../../src/services/watch.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService, type SmallService } from '../support/small-service.ts';

const alice = { caller: 'alice', access: ALL_ORDERS };

/** Everything that can be taken now, as `= status version` for a snapshot and `status version` for a change. */
function takeAll(watch: Watch): string[] {
  const taken = [];
  for (let item = watch.take(); item !== undefined; item = watch.take()) {
    const { status, version } = item.kind === 'snapshot' ? item.order : item.change;
    taken.push(`${item.kind === 'snapshot' ? '= ' : ''}${status} ${version}`);
  }
  return taken;
}

/** A watch service that runs `meanwhile` after it has subscribed and before, or after, it reads the order. */
function interrupted(service: SmallService, when: 'before' | 'after', meanwhile: () => Promise<void>) {
  const { hub, reader, orderService } = service;
  const orders: Pick<typeof orderService, 'get'> = {
    async get(...args) {
      if (when === 'before') await meanwhile();
      const order = await orderService.get(...args);
      if (when === 'after') await meanwhile();
      return order;
    },
  };
  return new WatchService({ hub, reader, orders });
}

/** The token of the present version of an order. */
async function tokenOf({ watchService }: SmallService, orderId: string): Promise<string> {
  const watch = await watchService.watchOrder(orderId, ALL_ORDERS);
  const token = watch.take()?.token ?? '';
  watch.close();
  return token;
}

await t.test('invariant 10: a change while the order is read is neither missed nor repeated', async (t) => {
  for (const [when, expected] of [
    ['before', ['= confirmed 1']],
    ['after', ['= accepted 0', 'confirmed 1']],
  ] as const) {
    const service = await startSmallService(t);
    const { receipt } = await service.orderService.place(anOrder(), alice);
    const watchService = interrupted(service, when, () => service.processAll());
    const watch = await watchService.watchOrder(receipt.id, ALL_ORDERS);
    t.same(takeAll(watch), expected, when);
    watch.close();
    t.equal(service.hub.watcherCount, 0);
  }
});

await t.test('invariant 10: nor is one while a resumed watch reads what it missed', async (t) => {
  for (const when of ['before', 'after'] as const) {
    const service = await startSmallService(t);
    const { receipt } = await service.orderService.place(anOrder(), alice);
    await service.processAll();
    const token = await tokenOf(service, receipt.id);
    await service.orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS);
    const watchService = interrupted(service, when, () => service.processAll());
    const watch = await watchService.watchOrder(receipt.id, ALL_ORDERS, { token });
    t.same(takeAll(watch), ['cancelled 2'], when);
    t.equal(watch.end(), 'final');
    t.match(watch.token(), /^o\.2\./);
    watch.close();
  }
});

await t.test('a watch of one order ends after its final status, or at once', async (t) => {
  const { orderService, watchService, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), alice);
  const watch = await watchService.watchOrder(receipt.id, ALL_ORDERS);
  let isReadable = false;
  watch.onReadable(() => (isReadable = true));
  t.same(takeAll(watch), ['= accepted 0']);
  t.equal(watch.end(), undefined);
  await orderService.transition(receipt.id, { to: 'cancelled' }, ALL_ORDERS);
  await processAll();
  t.ok(isReadable);
  t.equal(watch.end(), undefined, 'not before everything is taken');
  t.same(takeAll(watch), ['confirmed 1', 'cancelled 2']);
  t.equal(watch.end(), 'final');
  const token = watch.token();
  watch.close();
  const late = await watchService.watchOrder(receipt.id, ALL_ORDERS, { token });
  t.equal(late.end(), 'final');
  late.close();
});

await t.test(
  'a token of a version that a restored store made again is refused, and swallows nothing',
  async (t) => {
    const service = await startSmallService(t);
    const { orderService, watchService, processAll } = service;
    const { receipt } = await orderService.place(anOrder(), alice);
    await processAll();
    const [kind, version, at = ''] = (await tokenOf(service, receipt.id)).split('.');
    const otherTime = (parseInt(at, 36) + 1).toString(36);
    for (const token of [`${kind}.${version}.${otherTime}`, `${kind}.${version}`, `${kind}.2.${at}`]) {
      await t.rejects(
        watchService.watchOrder(receipt.id, ALL_ORDERS, { token }),
        { code: 'resume-token-too-old' },
        token,
      );
    }
    const fromTheBeginning = await watchService.watchOrder(receipt.id, ALL_ORDERS, { token: 'o.0' });
    t.same(takeAll(fromTheBeginning), ['confirmed 1']);
    fromTheBeginning.close();
    t.equal(service.hub.watcherCount, 0);
  },
);

await t.test('a watch that cannot begin leaves no watcher behind', async (t) => {
  const { watchService, hub } = await startSmallService(t);
  await t.rejects(watchService.watchOrder('0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70', ALL_ORDERS), {
    code: 'order-not-found',
  });
  await t.rejects(watchService.watchOrders({}, ALL_ORDERS, { token: 'o.1' }), {
    code: 'resume-token-invalid',
  });
  t.equal(hub.watcherCount, 0);
});

await t.test('the token of a quiet watch of many orders moves on with the hub', async (t) => {
  const { orderService, watchService, processAll } = await startSmallService(t);
  const watch = await watchService.watchOrders({ customerId: 'nobody' }, ALL_ORDERS);
  const before = watch.token();
  await orderService.place(anOrder(), alice);
  await processAll();
  t.same(takeAll(watch), []);
  t.not(watch.token(), before);
  watch.close();
});

await t.test('a token of a watch of many orders is good only for its filter and its access', async (t) => {
  const { orderService, watchService, processAll } = await startSmallService(t);
  const customer = { kind: 'customer', customerId: anOrder().customerId } as const;
  const merchant = { kind: 'merchant', merchantId: anOrder().merchantId } as const;
  const views: [StatusFilter, OrderAccess][] = [
    [{}, ALL_ORDERS],
    [{ customerId: customer.customerId }, ALL_ORDERS],
    [{ statuses: ['confirmed', 'cancelled'] }, ALL_ORDERS],
    [{}, customer],
    [{ customerId: customer.customerId }, customer],
    [{}, merchant],
    [{}, { kind: 'customer', customerId: 'c-other' }],
  ];
  const tokens = await Promise.all(
    views.map(async ([filter, access]) => {
      const watch = await watchService.watchOrders(filter, access);
      watch.close();
      return watch.token();
    }),
  );
  await orderService.place(anOrder(), alice);
  await processAll();
  for (const [made, token] of tokens.entries()) {
    for (const [used, [filter, access]] of views.entries()) {
      const watching = watchService.watchOrders(filter, access, { token });
      if (made === used) {
        const watch = await watching;
        t.same(takeAll(watch), used === views.length - 1 ? [] : ['confirmed 1']);
        watch.close();
      } else await t.rejects(watching, { code: 'resume-token-invalid' }, `${made} ${used}`);
    }
  }
  const [, , , token = ''] = tokens;
  const reordered = await watchService.watchOrders({ statuses: [] }, { ...customer }, { token });
  t.same(takeAll(reordered), ['confirmed 1'], 'a later request of the same caller');
  reordered.close();
});

await t.test('a token of a version without views is good for callers that may use all orders', async (t) => {
  const { orderService, watchService, processAll } = await startSmallService(t);
  const watch = await watchService.watchOrders({}, ALL_ORDERS);
  watch.close();
  const token = watch.token().replace(/^v\.[0-9a-f]{12}\./, 's.');
  await orderService.place(anOrder(), alice);
  await processAll();
  for (const filter of [{}, { customerId: anOrder().customerId }]) {
    const resumed = await watchService.watchOrders(filter, ALL_ORDERS, { token });
    t.same(takeAll(resumed), ['confirmed 1']);
    resumed.close();
    const customer = { kind: 'customer', customerId: anOrder().customerId } as const;
    await t.rejects(watchService.watchOrders(filter, customer, { token }), { code: 'resume-token-invalid' });
  }
});
