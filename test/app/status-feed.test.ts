import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { within } from '../../src/base/within.ts';
import { StatusFeed } from '../../src/app/status-feed.ts';
import { type EventLog, type FollowOptions, TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { parsePositionsToken } from '../../src/status/resume-token.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import { openLineageStore, openReader } from '../../src/store/open/open-store.ts';
import type { SqliteTarget } from '../../src/store/target.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { migratedTarget } from '../store/sqlite/make-store.ts';

const codec = createEventCodec();
const TOO_OLD = { code: 'resume-token-too-old' };

interface ReplicaOptions {
  statusEnds?: number[];
  commandEnds?: number[];
  /** called after the ends are read and before they arrive */
  onStatusEnds?: () => Promise<void>;
}

/** A replica on a log that the test plays: what happens on a real Kafka is tested in log/kafka and e2e. */
async function replica(
  t: Test,
  target: SqliteTarget,
  { statusEnds = [0, 0], commandEnds = [0], onStatusEnds }: ReplicaOptions = {},
) {
  let hooks: FollowOptions = {};
  const ends = { status: statusEnds, commands: commandEnds };
  /** called after the ends are read and before they arrive */
  const reading = { onCommandEnds: (): void => undefined };
  const log: Partial<EventLog> = {
    progressName: (topic) => topic,
    ranges: async (topic) => {
      const ofTopic = topic === TOPICS.status ? ends.status : ends.commands;
      const ranges = ofTopic.map((end) => ({ start: 0, end }));
      if (topic === TOPICS.commands) reading.onCommandEnds();
      else await onStatusEnds?.();
      return ranges;
    },
    follow(_topic, _onRecords, options = {}) {
      hooks = options;
      options.onStart?.(new Map(ends.status.entries()));
      return Promise.resolve({ stop: () => Promise.resolve() });
    },
  };
  const lines = new PassThrough();
  const logger = pino({ level: 'warn' }, lines);
  const sharedEnds = () => Promise.resolve(ends.status);
  const hub = new StatusHub({ codec, maxWatchers: 9, sharedEnds, logger });
  let storeHangs = false;
  const openStore = () => (storeHangs ? new Promise<never>(() => undefined) : openLineageStore(target));
  const reader = await openReader(target);
  const feed = new StatusFeed({
    ...{ log: log as EventLog, hub, reader, openLineageStore: openStore, logger },
    identityCheckMs: 10,
  });
  t.teardown(async () => {
    await feed.stop();
    await reader.close();
  });
  await feed.start();
  const token = () => parsePositionsToken(hub.subscribe({}, ALL_ORDERS).token);
  /** A change of another order each time. */
  const publish = (offset: number, cause: number) => {
    const change = {
      orderId: `o-${offset}`,
      customerId: 'c',
      merchantId: 'm',
      status: 'confirmed',
      version: 1,
      at: 0,
      reason: null,
      cause: { partition: 0, offset: cause },
    } as const;
    const value = Buffer.from(codec.encodeStatusChange(change));
    hub.publish([{ partition: 0, offset, key: Buffer.from(change.orderId), value }]);
  };
  return {
    hub,
    feed,
    ends,
    reading,
    token,
    publish,
    errors: () => String(lines.read() ?? ''),
    hooks: () => hooks,
    hangStore: () => (storeHangs = true),
  };
}

await t.test('replicas and restarts share the identity of the topic', async (t) => {
  const target = await migratedTarget(t);
  const one = await replica(t, target);
  const other = await replica(t, target);
  t.doesNotThrow(() => other.hub.subscribe({}, ALL_ORDERS, one.token()));
  await one.feed.stop();
  const restarted = await replica(t, target);
  t.doesNotThrow(() => restarted.hub.subscribe({}, ALL_ORDERS, one.token()));
  const elsewhere = await replica(t, await migratedTarget(t), { statusEnds: [5, 5] });
  t.throws(() => elsewhere.hub.subscribe({}, ALL_ORDERS, one.token()), TOO_OLD, 'another deployment');
  t.equal(one.errors(), '');
});

await t.test('a stop does not wait long for a store that does not answer', async (t) => {
  const one = await replica(t, await migratedTarget(t));
  one.hangStore();
  t.ok(await within(one.feed.stop(), 20_000));
  t.match(one.errors(), /did not answer in time.*Could not store how far orders\.status was read/);
});

await t.test('a replica that stops while another one starts raises no alarm', async (t) => {
  const target = await migratedTarget(t);
  const stopping = await replica(t, target);
  const token = stopping.token();
  const starting = await replica(t, target, {
    onStatusEnds: async () => {
      stopping.publish(0, 0);
      await stopping.feed.stop();
    },
  });
  t.equal(starting.errors(), '');
  t.doesNotThrow(() => starting.hub.subscribe({}, ALL_ORDERS, token));
});

await t.test(
  'a topic that was created again while all replicas were stopped has a new identity',
  async (t) => {
    const target = await migratedTarget(t);
    const before = await replica(t, target);
    before.publish(0, 0);
    const token = before.token();
    await before.feed.stop();
    const after = await replica(t, target, { statusEnds: [0, 0] });
    t.match(after.errors(), /created again/);
    after.publish(0, 0);
    after.publish(1, 1);
    await t.rejects(after.hub.checkPoint(token), TOO_OLD);
    const again = await replica(t, target, { statusEnds: [2, 0] });
    t.equal(again.errors(), '', 'it is noticed once');
    t.doesNotThrow(() => again.hub.subscribe({}, ALL_ORDERS, after.token()));
  },
);

await t.test('replicas that see the topic start over agree on its new identity', async (t) => {
  const target = await migratedTarget(t);
  const replicas = [await replica(t, target), await replica(t, target)] as const;
  const [one, other] = replicas;
  const token = one.token();
  const { subscription } = one.hub.subscribe({}, ALL_ORDERS);
  const positions = new Map([[0, 0]]);
  await Promise.all(replicas.map(async ({ hooks }) => hooks().onStartOver?.(positions, 'new-topic')));
  t.ok(subscription.hasStartedOver);
  for (const { hub } of replicas) t.throws(() => hub.subscribe({}, ALL_ORDERS, token), TOO_OLD);
  t.doesNotThrow(() => other.hub.subscribe({}, ALL_ORDERS, one.token()));
  t.doesNotThrow(() => one.hub.subscribe({}, ALL_ORDERS, other.token()));
});

await t.test(
  'a replica that sees no offsets go back follows the identity that another one stores',
  async (t) => {
    const target = await migratedTarget(t);
    const [one, other] = [await replica(t, target), await replica(t, target)];
    other.publish(0, 0);
    const before = other.token();
    const { subscription } = other.hub.subscribe({}, ALL_ORDERS);
    await one.hooks().onStartOver?.(new Map([[0, 0]]), 'new-topic');
    await eventually(() => subscription.hasStartedOver, { what: 'the streams of the other replica to end' });
    t.match(other.errors(), /another replica/);
    t.equal(other.token().log, one.token().log);
    t.throws(() => other.hub.subscribe({}, ALL_ORDERS, before), TOO_OLD);
    t.throws(() => one.hub.subscribe({}, ALL_ORDERS, before), TOO_OLD);
    other.publish(1, 1);
    const { subscription: next } = other.hub.subscribe({}, ALL_ORDERS, {
      log: one.token().log,
      positions: [1, 0],
    });
    t.equal(next.take()?.change.orderId, 'o-1', 'it goes on');
  },
);

await t.test(
  'records that were deleted before they were read end streams, but tokens after them stay good',
  async (t) => {
    const { hub, hooks, token } = await replica(t, await migratedTarget(t));
    const before = token();
    const { subscription } = hub.subscribe({}, ALL_ORDERS);
    await hooks().onStartOver?.(new Map([[0, 7]]), 'records-deleted');
    t.ok(subscription.hasStartedOver);
    t.throws(() => hub.subscribe({}, ALL_ORDERS, before), TOO_OLD);
    t.doesNotThrow(() => hub.subscribe({}, ALL_ORDERS, { log: before.log, positions: [7, 0] }));
  },
);

await t.test('changes of a commands topic that was replaced are not taken for repeated ones', async (t) => {
  const { hub, ends, errors, publish, token } = await replica(t, await migratedTarget(t), {
    commandEnds: [10],
  });
  for (let offset = 0; offset < 10; offset += 1) publish(offset, offset);
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  publish(10, 4);
  const before = token();
  t.equal(subscription.take(), undefined, 'repeated');
  ends.commands = [3];
  await eventually(
    () => {
      publish(hub.positions[0] ?? 0, 0);
      return subscription.hasStartedOver;
    },
    { what: 'the watch to end' },
  );
  t.match(errors(), /commands topic was replaced/);
  t.throws(
    () => hub.subscribe({}, ALL_ORDERS, { log: before.log, positions: hub.positions }),
    TOO_OLD,
    'also from the moment at which it started over: changes before it were taken for repeated ones',
  );
  const { subscription: next } = hub.subscribe({}, ALL_ORDERS);
  publish(hub.positions[0] ?? 0, 1);
  t.equal(next.take()?.change.cause.offset, 1);
});

await t.test('commands that are delivered while the ends of the topic are read raise no alarm', async (t) => {
  const { hub, reading, errors, publish } = await replica(t, await migratedTarget(t), { commandEnds: [1] });
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  let hasRead = false;
  reading.onCommandEnds = () => {
    hasRead = true;
    publish(2, 1);
  };
  publish(0, 0);
  publish(1, 0);
  await eventually(() => hasRead, { what: 'the ends to be read' });
  await setImmediate();
  t.notOk(subscription.hasStartedOver);
  t.equal(errors(), '');
});
