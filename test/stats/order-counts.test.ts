import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import t from 'tap';
import { createEventCodec } from '../../src/order/events.ts';
import { createOrderIds, derivedOrderId } from '../../src/order/ids.ts';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import { OrderCounts } from '../../src/stats/order-counts.ts';
import { StatusHub } from '../../src/status/status-hub.ts';

const codec = createEventCodec();
const STARTED_AT = 1_000;

function countedHub(
  acceptedAt: (orderId: string) => Promise<number | undefined> = () => Promise.resolve(undefined),
) {
  const lines = new PassThrough();
  const sharedEnds = () => Promise.resolve([]);
  const hub = new StatusHub({ codec, maxWatchers: 1, sharedEnds, logger: pino(lines) });
  const timed: number[] = [];
  const now = () => Date.now();
  const counts = new OrderCounts({
    since: () => STARTED_AT,
    now,
    acceptedAt,
    onConfirmed: (ms) => timed.push(ms),
  });
  hub.onEveryEvent((event) => counts.count(event));
  let offset = 0;
  const publish = (orderId: string, status: OrderStatus, { version = 1, at = STARTED_AT } = {}) => {
    const change = { orderId, customerId: 'c', merchantId: 'm', status, version, at, reason: null };
    const value = codec.encodeStatusChange({ ...change, cause: { partition: 0, offset } });
    hub.publish([{ partition: 0, offset: offset++, key: null, value: Buffer.from(value) }]);
  };
  return { hub, counts, timed, publish, lines };
}

await t.test('first statuses count once, watched or not', async (t) => {
  const { counts, publish } = countedHub();
  publish('a', 'confirmed');
  publish('a', 'confirmed');
  publish('a', 'preparing', { version: 2 });
  publish('b', 'rejected');
  publish('c', 'failed');
  publish('c', 'confirmed', { version: 2 });
  publish('d', 'cancelled');
  t.same(counts.now(), { confirmed: 2, rejected: 1, failed: 1 });
});

await t.test('events from before the start do not count', async (t) => {
  const { counts, publish } = countedHub();
  publish('a', 'confirmed', { at: STARTED_AT - 1 });
  t.same(counts.now(), { confirmed: 0, rejected: 0, failed: 0 });
});

await t.test('a foreign record is logged and does not count', async (t) => {
  const { hub, counts, publish, lines } = countedHub();
  publish('a', 'confirmed');
  const value = codec.encodeStatusChange({
    orderId: 'b',
    customerId: 'c',
    merchantId: 'm',
    status: 'confirmed',
    version: 1,
    at: STARTED_AT,
    reason: null,
    cause: { partition: 1, offset: 0 },
  });
  const broken = Buffer.from(value.replace('"status":"confirmed"', '"status":"eaten"'));
  hub.publish([{ partition: 0, offset: 1, key: null, value: broken }]);
  publish('c', 'confirmed');
  publish('d', 'confirmed');
  t.match(counts.now(), { confirmed: 2 });
  t.match(String(lines.read()), /not a status event/);
});

await t.test('an order is timed by its id, or by when this process accepted it', async (t) => {
  const keyed = derivedOrderId('alice', 'key');
  const aWhileAgo = Date.now() - 70_000;
  const acceptedAt = (orderId: string) => Promise.resolve(orderId === keyed ? aWhileAgo : undefined);
  const { publish, timed } = countedHub(acceptedAt);
  const fresh = createOrderIds()();
  publish(fresh, 'confirmed');
  publish(keyed, 'confirmed');
  publish(derivedOrderId('bob', 'key'), 'confirmed');
  publish(createOrderIds()(), 'rejected');
  publish(createOrderIds()(), 'confirmed', { version: 2 });
  await setImmediate();
  t.equal(timed.length, 2);
  t.ok((timed[0] ?? -1) >= 0 && (timed[0] ?? Infinity) < 60_000);
  t.ok((timed[1] ?? 0) >= 70_000);
});
