import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
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

function createHub(maxWatchers = 10) {
  const lines = new PassThrough();
  const sharedEnds = () => Promise.resolve([]);
  return { hub: new StatusHub({ codec, maxWatchers, sharedEnds, logger: pino(lines) }), lines };
}

await t.test('a watcher gets the changes of its order until it stops', async (t) => {
  const { hub } = createHub();
  const seen: number[] = [];
  const unwatch = hub.watch('a', ({ change }) => seen.push(change.version));
  hub.publish([record('a', 1), record('b', 1), record('a', 2)]);
  unwatch();
  unwatch();
  hub.publish([record('a', 3)]);
  t.same(seen, [1, 2]);
  t.equal(hub.watcherCount, 0);
});

await t.test('invariant 9: the number of watchers is bounded', async (t) => {
  const { hub } = createHub(1);
  const first = hub.watch('a', () => undefined);
  t.throws(() => hub.watch('a', () => undefined), { code: 'overloaded' });
  t.throws(() => hub.subscribe({}), { code: 'overloaded' });
  t.equal(await watchFirstChange(hub, 'a').within(10_000), undefined, 'waiting ends at once');
  first();
  t.type(
    hub.watch('a', () => undefined),
    'function',
  );
});

await t.test('a record that is not a status event is logged and skipped', async (t) => {
  const { hub, lines } = createHub();
  const seen: number[] = [];
  hub.watch('a', ({ change }) => seen.push(change.version));
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
  hub.watch('b', () => undefined);
  hub.publish([record('a', 1), record('b', 1)]);
  t.same(decoded, ['b']);
});

await t.test('an event that is published twice is delivered once', async (t) => {
  const { hub } = createHub();
  const seen: number[] = [];
  hub.watch('a', ({ change }) => seen.push(change.version));
  const { subscription } = hub.subscribe({});
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

await t.test('all watchers of an event share one item', async (t) => {
  const { hub } = createHub();
  const subscriptions = [{}, {}, { customerId: 'c' }, { merchantId: 'm' }].map(
    (filter) => hub.subscribe(filter).subscription,
  );
  hub.publish([record('a', 1)]);
  const items = subscriptions.map((subscription) => subscription.take());
  t.ok(items[0]);
  for (const item of items) t.equal(item, items[0]);
});

await t.test('the first change is seen before and after waiting starts', async (t) => {
  const { hub } = createHub();
  const early = watchFirstChange(hub, 'a');
  hub.publish([record('a', 1), record('a', 2)]);
  t.match(await early.within(10_000), { version: 1 });
  early.cancel();

  const late = watchFirstChange(hub, 'a');
  const waiting = late.within(10_000);
  hub.publish([record('a', 3)]);
  t.match(await waiting, { version: 3 });
  late.cancel();

  const never = watchFirstChange(hub, 'a');
  t.equal(await never.within(5), undefined);
  const cancelled = never.within(10_000);
  never.cancel();
  t.equal(await cancelled, undefined);
  t.equal(hub.watcherCount, 0);
});
