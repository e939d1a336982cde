import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import type { StatusChange } from '../../src/order/commands.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { watchFirstChange } from '../../src/status/first-change.ts';
import { StatusHub } from '../../src/status/status-hub.ts';

const codec = createEventCodec();

function change(orderId: string, version: number): StatusChange {
  const cause = { partition: orderId.charCodeAt(0), offset: version };
  return {
    orderId,
    customerId: 'c',
    merchantId: 'm',
    status: 'confirmed',
    version,
    at: 0,
    reason: null,
    cause,
  };
}

let offset = 0;

/** The next record of the topic. */
function record(orderId: string, version: number) {
  return {
    partition: 0,
    offset: offset++,
    key: Buffer.from(orderId),
    value: Buffer.from(codec.encodeStatusChange(change(orderId, version))),
  };
}

function createHub(maxWatchers = 30) {
  const lines = new PassThrough();
  const sharedEnds = () => Promise.resolve([]);
  return { hub: new StatusHub({ codec, maxWatchers, sharedEnds, logger: pino(lines) }), lines };
}

await t.test('a watcher gets the changes of its order until it stops', async (t) => {
  const { hub } = createHub();
  const seen: number[] = [];
  const unwatch = hub.watch('a', ALL_ORDERS, ({ change }) => seen.push(change.version));
  hub.publish([record('a', 1), record('b', 1), record('a', 2)]);
  unwatch();
  unwatch();
  hub.publish([record('a', 3)]);
  t.same(seen, [1, 2]);
  t.equal(hub.watcherCount, 0);
});

await t.test('invariant 9: the number of watchers is bounded', async (t) => {
  const { hub } = createHub(1);
  const first = hub.watch('a', ALL_ORDERS, () => undefined);
  t.throws(() => hub.watch('a', ALL_ORDERS, () => undefined), { code: 'overloaded' });
  t.throws(() => hub.subscribe({}, ALL_ORDERS), { code: 'overloaded' });
  t.equal(await watchFirstChange(hub, 'a', ALL_ORDERS).within(10_000), undefined, 'waiting ends at once');
  first();
  t.type(
    hub.watch('a', ALL_ORDERS, () => undefined),
    'function',
  );
});

await t.test('a record that is not a status event is logged and skipped', async (t) => {
  const { hub, lines } = createHub();
  const seen: number[] = [];
  hub.watch('a', ALL_ORDERS, ({ change }) => seen.push(change.version));
  hub.publish([
    { partition: 0, offset: offset++, key: Buffer.from('a'), value: Buffer.from('{}') },
    { partition: 0, offset: offset++, key: null, value: null },
    record('a', 1),
  ]);
  t.same(seen, [1]);
  t.match(String(lines.read()), /not a status event/);
});

await t.test('the event of an unwatched order is not decoded', async (t) => {
  const decoded: string[] = [];
  const decodeStatusChange: typeof codec.decodeStatusChange = (value) => {
    const change = codec.decodeStatusChange(value);
    decoded.push(change.orderId);
    return change;
  };
  const hub = new StatusHub({
    codec: { ...codec, decodeStatusChange },
    maxWatchers: 10,
    logger: pino(new PassThrough()),
  });
  hub.watch('b', ALL_ORDERS, () => undefined);
  hub.publish([record('a', 1), record('b', 1)]);
  t.same(decoded, ['b']);
});

await t.test('an event that is published twice is delivered once', async (t) => {
  const { hub } = createHub();
  const seen: number[] = [];
  hub.watch('a', ALL_ORDERS, ({ change }) => seen.push(change.version));
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  const batch = [record('a', 1), record('a', 2)];
  hub.publish(batch);
  hub.publish(batch);
  hub.publish([record('a', 1), record('a', 2), record('a', 3)]);
  t.same(seen, [1, 2, 3]);
  const taken = [subscription.take(), subscription.take(), subscription.take(), subscription.take()];
  t.same(
    taken.map((item) => item?.change.version),
    [1, 2, 3, undefined],
  );
});

await t.test('all watchers of an event with one view share an item', async (t) => {
  const { hub } = createHub();
  const ofMerchant = { merchantId: 'm' };
  const subscriptions = [{}, {}, ofMerchant, ofMerchant].map(
    (filter) => hub.subscribe(filter, ALL_ORDERS).subscription,
  );
  const asMerchant = [1, 2].map(() => hub.subscribe({}, { kind: 'merchant', merchantId: 'm' }).subscription);
  hub.publish([record('a', 1)]);
  const [one, same, two, alsoTwo, three, alsoThree] = [...subscriptions, ...asMerchant].map((subscription) =>
    subscription.take(),
  );
  t.ok(one);
  t.equal(same, one);
  t.equal(alsoTwo, two);
  t.equal(alsoThree, three);
  t.equal(new Set([one, two, three].map((item) => item?.token)).size, 3, 'their tokens name their views');
  t.equal(new Set([one, two, three].map((item) => item?.change)).size, 1, 'the event is decoded once');
});

await t.test('invariant 12: a watch gets only changes of orders that its access allows', async (t) => {
  const { hub } = createHub();
  const own = { kind: 'customer', customerId: 'c' } as const;
  const others: OrderAccess[] = [
    { kind: 'customer', customerId: 'm' },
    { kind: 'merchant', merchantId: 'c' },
  ];
  const seen: string[] = [];
  for (const access of [own, ...others]) {
    hub.watch('a', access, () => seen.push(JSON.stringify(access)));
  }
  const first = watchFirstChange(hub, 'a', { kind: 'merchant', merchantId: 'm' });
  const never = watchFirstChange(hub, 'a', { kind: 'merchant', merchantId: 'x' });
  const filters = [{}, { customerId: 'c' }, { merchantId: 'm' }, { customerId: 'c', merchantId: 'm' }];
  const mine = filters.map((filter) => hub.subscribe(filter, own).subscription);
  const foreign = [...filters, { customerId: 'm' }, { merchantId: 'c' }].flatMap((filter) =>
    others.map((access) => hub.subscribe(filter, access).subscription),
  );
  let woken = 0;
  for (const subscription of foreign) subscription.onReadable(() => (woken += 1));
  hub.publish([record('a', 1), record('b', 1)]);
  t.same(seen, [JSON.stringify(own)]);
  for (const subscription of mine) t.match(subscription.take(), { change: { orderId: 'a' } });
  for (const subscription of foreign) t.equal(subscription.take(), undefined);
  t.equal(woken, 0, 'they are not even woken');
  t.match(await first.within(10_000), { version: 1 });
  t.equal(await never.within(0), undefined);
});

await t.test('the first change is seen before and after waiting starts', async (t) => {
  const { hub } = createHub();
  const early = watchFirstChange(hub, 'a', ALL_ORDERS);
  hub.publish([record('a', 1), record('a', 2)]);
  t.match(await early.within(10_000), { version: 1 });
  early.cancel();

  const late = watchFirstChange(hub, 'a', ALL_ORDERS);
  const waiting = late.within(10_000);
  hub.publish([record('a', 3)]);
  t.match(await waiting, { version: 3 });
  late.cancel();

  const never = watchFirstChange(hub, 'a', ALL_ORDERS);
  t.equal(await never.within(5), undefined);
  const cancelled = never.within(10_000);
  never.cancel();
  t.equal(await cancelled, undefined);
  t.equal(hub.watcherCount, 0);
});
