import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { createEventCodec } from '../../src/order/events.ts';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import { singleLog } from '../../src/status/lineage.ts';
import { parsePositionsToken } from '../../src/status/resume-token.ts';
import type { StatusRecord } from '../../src/status/status-event.ts';
import { StatusHub } from '../../src/status/status-hub.ts';

const codec = createEventCodec();
const PARTITIONS = 3;
const STATUSES: readonly OrderStatus[] = ['confirmed', 'preparing', 'dispatched', 'delivered'];

function replica(maxRecentEvents = 10_000, ends = [99, 99, 99]): StatusHub {
  const hub = new StatusHub({
    codec,
    maxWatchers: 10,
    maxRecentEvents,
    sharedEnds: () => Promise.resolve(ends),
    logger: pino(new PassThrough()),
  });
  hub.setLineage(singleLog('log'));
  for (let partition = 0; partition < PARTITIONS; partition += 1) hub.beginAt(partition, 0);
  return hub;
}

/** A topic with several versions of each order, some of them published twice. */
const topic = fc
  .array(fc.record({ order: fc.nat(7), repeats: fc.nat(2) }), { minLength: 1, maxLength: 60 })
  .map((steps) => {
    const versions = new Map<number, number>();
    const partitions: StatusRecord[][] = Array.from({ length: PARTITIONS }, () => []);
    for (const { order, repeats } of steps) {
      const version = versions.get(order) ?? 0;
      if (version === STATUSES.length) continue;
      versions.set(order, version + 1);
      const partition = order % PARTITIONS;
      const records = partitions[partition] ?? [];
      // Like a redelivered batch: the latest versions of the order again, in order.
      for (let again = Math.max(1, version + 1 - repeats); again <= version; again += 1) {
        records.push(record(order, again, partition, records.length));
      }
      records.push(record(order, version + 1, partition, records.length));
    }
    return partitions;
  });

function record(order: number, version: number, partition: number, offset: number): StatusRecord {
  const orderId = `o-${order}`;
  const value = codec.encodeStatusChange({
    orderId,
    customerId: `c-${order % 2}`,
    merchantId: `m-${order % 3}`,
    status: STATUSES[version - 1] ?? 'delivered',
    version,
    at: 0,
    reason: null,
    cause: { partition, offset: 100 * version + order },
  });
  return { partition, offset, key: Buffer.from(orderId), value: Buffer.from(value) };
}

/** The next step: a replica reads more of a partition, the reader takes items, or its connection breaks. */
const deed = fc.oneof(
  fc.record({
    kind: fc.constant('hear' as const),
    replica: fc.nat(1),
    partition: fc.nat(PARTITIONS - 1),
    count: fc.nat(9),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.nat(5) }),
  fc.record({ kind: fc.constant('move' as const), replica: fc.nat(1) }),
);

const filter = fc.constantFrom<{ customerId?: string; merchantId?: string }>(
  {},
  { customerId: 'c-1' },
  { merchantId: 'm-2' },
);

await t.test(
  'invariant 10: a reader that resumes at another replica sees every version once, in order',
  async () => {
    fc.assert(
      fc.property(topic, fc.array(deed, { maxLength: 60 }), filter, (partitions, deeds, wanted) => {
        const replicas = [replica(), replica()];
        const heard = replicas.map(() => partitions.map(() => 0));
        const hear = (at: number, partition: number, count: number) => {
          const from = heard[at]?.[partition] ?? 0;
          const records = (partitions[partition] ?? []).slice(from, from + count);
          (heard[at] ?? [])[partition] = from + records.length;
          replicas[at]?.publish(records);
        };
        const seen: string[] = [];
        let reading = replicas[0]?.subscribe(wanted, ALL_ORDERS);
        let token = reading?.token ?? '';
        const take = (count: number) => {
          for (let taken = 0; taken < count; taken += 1) {
            const item = reading?.subscription.take();
            if (item === undefined) {
              token = reading?.tokenNow() ?? token;
              return;
            }
            token = item.token;
            seen.push(`${item.change.orderId} ${item.change.version}`);
          }
        };
        for (const deed of deeds) {
          if (deed.kind === 'hear') hear(deed.replica, deed.partition, deed.count);
          else if (deed.kind === 'take') take(deed.count);
          else {
            reading?.unsubscribe();
            reading = replicas[deed.replica]?.subscribe(wanted, ALL_ORDERS, parsePositionsToken(token));
          }
        }
        for (const at of replicas.keys()) {
          for (let partition = 0; partition < PARTITIONS; partition += 1) hear(at, partition, Infinity);
        }
        take(Infinity);

        const everything = partitions.flat().map(({ value }) => codec.decodeStatusChange(value));
        const expected = everything.filter(
          ({ customerId, merchantId }) =>
            (wanted.customerId ?? customerId) === customerId &&
            (wanted.merchantId ?? merchantId) === merchantId,
        );
        const names = new Set(expected.map(({ orderId, version }) => `${orderId} ${version}`));
        assert.deepStrictEqual(seen.toSorted(), [...names].sort(), 'each version once');
        for (const orderId of new Set(expected.map(({ orderId }) => orderId))) {
          const versions = seen.filter((name) => name.startsWith(`${orderId} `));
          assert.deepStrictEqual(versions, versions.toSorted(), `${orderId} in order`);
        }
      }),
      { numRuns: 1_000 },
    );
  },
);

await t.test('a token older than the kept events is refused', async (t) => {
  const hub = replica(4);
  const { token } = hub.subscribe({}, ALL_ORDERS);
  hub.publish([0, 1, 2, 3].map((order) => record(order, 1, 0, order)));
  t.doesNotThrow(() => hub.subscribe({}, ALL_ORDERS, parsePositionsToken(token)));
  hub.publish([record(4, 1, 0, 4)]);
  t.throws(() => hub.subscribe({}, ALL_ORDERS, parsePositionsToken(token)), { code: 'resume-token-too-old' });
  const heard = hub.subscribe({}, ALL_ORDERS);
  t.doesNotThrow(() => hub.subscribe({}, ALL_ORDERS, parsePositionsToken(heard.token)));
});

await t.test('a token ahead of this replica is good if the log has reached it', async (t) => {
  const ahead = parsePositionsToken('s.log.9.0.0');
  const behind = replica(4, [9, 0, 0]);
  await behind.checkPoint(ahead);
  t.doesNotThrow(() => behind.subscribe({}, ALL_ORDERS, ahead));
  await t.rejects(replica(4, [8, 0, 0]).checkPoint(ahead), { code: 'resume-token-too-old' });
  const unreachable = () => Promise.reject(new ServiceError('log-unavailable', 'down'));
  const cut = new StatusHub({
    codec,
    maxWatchers: 1,
    sharedEnds: unreachable,
    logger: pino(new PassThrough()),
  });
  cut.setLineage(singleLog('log'));
  await t.rejects(cut.checkPoint(ahead), { code: 'log-unavailable' });
});

await t.test('without peers, a token that is ahead comes from another log and is refused', async (t) => {
  const ahead = parsePositionsToken('s.log.9.0.0');
  const alone = new StatusHub({ codec, maxWatchers: 1, logger: pino(new PassThrough()) });
  alone.setLineage(singleLog('log'));
  await t.rejects(alone.checkPoint(ahead), { code: 'resume-token-too-old' });
  t.throws(() => alone.subscribe({}, ALL_ORDERS, ahead), { code: 'resume-token-too-old' });
});

await t.test('a token of another log is refused, even if this log has reached its offsets', async (t) => {
  const hub = replica();
  hub.publish([record(1, 1, 0, 0)]);
  const other = parsePositionsToken('s.other.1.0.0');
  await t.rejects(hub.checkPoint(other), { code: 'resume-token-too-old' });
  t.throws(() => hub.subscribe({}, ALL_ORDERS, other), { code: 'resume-token-too-old' });
});

await t.test(
  'a token from before a partition was added is good, and gets its events from the first on',
  async (t) => {
    const hub = replica();
    const { log, positions } = parsePositionsToken(hub.subscribe({}, ALL_ORDERS).token);
    t.same(positions, [0, 0, 0]);
    hub.beginAt(PARTITIONS, 0);
    hub.publish([record(3, 1, PARTITIONS, 0)]);
    const { subscription } = hub.subscribe({}, ALL_ORDERS, { log, positions });
    t.equal(subscription.take()?.change.orderId, 'o-3');
  },
);

await t.test('when the log starts over, watches end and tokens from before are refused', async (t) => {
  const hub = replica();
  hub.publish([record(1, 1, 0, 0), record(1, 2, 0, 1)]);
  const before = hub.subscribe({}, ALL_ORDERS);
  const point = parsePositionsToken(before.token);
  let isOrderWatchOver = false;
  hub.watch('o-1', ALL_ORDERS, () => undefined, { onStartOver: () => (isOrderWatchOver = true) });
  hub.setLineage(singleLog('next'));
  hub.startOver(
    new Map([
      [0, 0],
      [1, 0],
      [2, 0],
    ]),
  );
  t.ok(before.subscription.hasStartedOver);
  t.ok(isOrderWatchOver);
  t.equal(before.subscription.take(), undefined);
  t.throws(() => hub.subscribe({}, ALL_ORDERS, point), { code: 'resume-token-too-old' });
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  hub.publish([record(1, 1, 0, 0)]);
  t.match(subscription.take()?.change, { orderId: 'o-1', version: 1 }, 'its offsets and versions start over');
  t.equal(before.subscription.take(), undefined);
});

await t.test('malformed tokens are refused', async (t) => {
  for (const token of ['', 'o.1', 's', 's.', 's.-1', 's.1.Z', 's.1.zzzzzzzzzzz', `s${'.1'.repeat(10_002)}`]) {
    t.throws(() => parsePositionsToken(token), { code: 'resume-token-invalid' }, token.slice(0, 20));
  }
});
