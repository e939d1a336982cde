import type { Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { BatchStore, BatchToSave, DueQuery, LoadedState } from '../../../src/store/order-store.ts';
import { noRetryChanges, type RetryingOrder, type RetryChanges } from '../../../src/store/retries.ts';
import { apply, deadLetter, emptyDecision, move, place, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

const EVERYTHING_DUE = { topic: TOPIC, partitions: [0], latest: 100_000, limit: 10, published: [] };

const CONFLICT = { code: 'progress-conflict' };

export async function retryConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'a retrying order comes back with its events, byte for byte and in order, when it is due',
    async (t) => {
      const { writer, reader } = await makeStore(t);
      const store = await writer();
      const events = [
        event(4, { headers: { 'x-dlq-id': '7', name: 'ü' } }),
        event(11, { key: Buffer.from([0xff, 0]), value: null }),
      ];
      await addRetrying(store, retrying('a', { events: 2, dueAt: 1_000 }), events);
      await addRetrying(store, retrying('b', { dueAt: 3_000 }), [event(12)]);
      t.same(
        (await store.load(TOPIC, [0], ['a', 'x'])).retrying,
        new Map([['a', retrying('a', { events: 2, dueAt: 1_000 })]]),
      );
      t.match(await dueOf(store, [0], 999, 10), { orders: [], nextDueAt: 1_000 });
      const due = await dueOf(store, [0], 1_000, 10);
      t.same(due.orders, [{ retrying: retrying('a', { events: 2, dueAt: 1_000 }), events }]);
      t.equal(due.nextDueAt, 3_000);
      t.same(due.loadedState.progress, new Map([[0, 13]]));
      t.match(await reader.findUnstored('a', () => true), { state: 'retrying', record: { offset: 4 } });
      t.equal(await reader.findUnstored('x', () => true), undefined);
    },
  );

  await t.test('only the given partitions and topic are due, the longest due first', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    await addRetrying(store, retrying('a', { dueAt: 30 }), [event(1)]);
    await addRetrying(store, retrying('b', { dueAt: 10 }), [event(2)]);
    await addRetrying(store, retrying('c', { dueAt: 20, partition: 1 }), [event(3, { partition: 1 })]);
    const ids = async (partitions: number[], limit = 10) =>
      (await dueOf(store, partitions, 1_000, limit)).orders.map(({ retrying }) => retrying.orderId);
    t.same(await ids([0]), ['b', 'a']);
    t.same(await ids([1]), ['c']);
    t.same(await ids([0, 1]), ['b', 'c', 'a']);
    t.same(await ids([2]), []);
    t.same(await ids([]), []);
    t.same(
      (
        await store.loadDue({
          topic: 'another',
          partitions: [0],
          now: 1_000,
          latest: 31_000,
          limit: 10,
          published: [],
        })
      ).orders,
      [],
    );
    t.equal((await dueOf(store, [0, 1], 5, 10)).nextDueAt, 10);
    const cut = await dueOf(store, [0, 1], 1_000, 2);
    t.equal(cut.orders.length, 2);
    t.equal(
      cut.nextDueAt,
      cut.orders[1]?.retrying.dueAt,
      'the rest is due at once, and not before the second',
    );
  });

  await t.test(
    'orders that are due later than any pause are due now: the clock was ahead when they failed',
    async (t) => {
      const { writer } = await makeStore(t);
      const store = await writer();
      const now = 1_000_000;
      const dueAts = [now - 1, now + MAX_PAUSE_MS, now + MAX_PAUSE_MS + 1, now + 86_400_000];
      for (const [offset, dueAt] of dueAts.entries()) {
        await addRetrying(store, retrying(`o-${offset}`, { dueAt }), [event(offset)]);
      }
      const due = async (limit: number) => {
        const { orders, nextDueAt } = await dueOf(store, [0, 1], now, limit);
        return [orders.map(({ retrying }) => retrying.orderId), nextDueAt];
      };
      t.same(await due(10), [['o-0', 'o-2', 'o-3'], now + MAX_PAUSE_MS]);
      t.same(await due(2), [['o-0', 'o-2'], now], 'the rest is due at once');
      const allTooFar = await dueOf(store, [0], now - 10 * MAX_PAUSE_MS, 10);
      t.equal(allTooFar.orders.length, 4);
      t.equal(allTooFar.nextDueAt, undefined, 'nothing is due after these');
    },
  );

  await t.test(
    'later events are appended, unless another writer has changed the retrying order',
    async (t) => {
      const { writer } = await makeStore(t);
      const store = await writer();
      const loaded = retrying('a', { dueAt: 10 });
      await addRetrying(store, loaded, [event(1)]);
      await save(store, { appended: [{ loaded, events: 1 }], events: [{ orderId: 'a', record: event(2) }] });
      const due = await dueOf(store, [0], 10, 10);
      t.same(
        due.orders[0]?.events.map(({ offset }) => offset),
        [1, 2],
      );
      t.equal(due.orders[0]?.retrying.events, 2);
      const late = { appended: [{ loaded, events: 1 }], events: [{ orderId: 'a', record: event(3) }] };
      await t.rejects(save(store, late), CONFLICT);
      await t.rejects(save(store, { completed: [loaded] }), CONFLICT);
      t.same((await dueOf(store, [0], 10, 10)).orders, due.orders, 'nothing was saved');
    },
  );

  await t.test(
    'events from several partitions keep the order in which they were queued, even at the same offset',
    async (t) => {
      const { writer, reader } = await makeStore(t);
      const store = await writer();
      const loaded = retrying('a', { events: 2, dueAt: 10 });
      await addRetrying(store, loaded, [event(9), event(10)]);
      const first = event(2, { partition: 7 });
      await save(store, { appended: [{ loaded, events: 1 }], events: [{ orderId: 'a', record: first }] });
      const longer = { ...loaded, events: 3 };
      const more = [event(11), event(9, { partition: 5 })];
      const events = more.map((record) => ({ orderId: 'a', record }));
      await save(store, { appended: [{ loaded: longer, events: 2 }], events });
      const [due] = (await dueOf(store, [0], 10, 10)).orders;
      t.same(
        due?.events.map(({ partition, offset }) => [partition, offset]),
        [
          [0, 9],
          [0, 10],
          [7, 2],
          [0, 11],
          [5, 9],
        ],
      );
      t.match(await reader.findUnstored('a', () => true), { record: { partition: 0, offset: 9 }, events: 5 });
    },
  );

  await t.test('events that a worker of the previous version queues keep their order', async (t) => {
    const { writer, reader, runSql } = await makeStore(t);
    const store = await writer();
    const queueAsBefore = async (offset: number) => {
      await runSql(`
        INSERT INTO retrying_events (order_id, "offset", partition, key, value, headers, log_timestamp)
        VALUES ('a', ${offset}, 0, NULL, NULL, '', 3)`);
      await runSql(`UPDATE retrying_orders SET events = events + 1 WHERE order_id = 'a'`);
    };
    const offsets = async () =>
      (await dueOf(store, [0], 10, 10)).orders[0]?.events.map(({ offset }) => offset);
    await addRetrying(store, retrying('a', { events: 2, dueAt: 10 }), [event(10), event(20)]);
    await queueAsBefore(30);
    t.same(await offsets(), [10, 20, 30]);
    const loaded = retrying('a', { events: 3, dueAt: 10 });
    await save(store, { appended: [{ loaded, events: 1 }], events: [{ orderId: 'a', record: event(40) }] });
    await queueAsBefore(50);
    t.same(await offsets(), [10, 20, 30, 40, 50]);
    t.match(await reader.findUnstored('a', () => true), { record: { offset: 10 }, events: 5 });
  });

  await t.test(
    'events of a log that was created again keep the order in which they were queued',
    async (t) => {
      const { writer } = await makeStore(t);
      const store = await writer();
      const loaded = retrying('a', { dueAt: 10 });
      await addRetrying(store, loaded, [event(100)]);
      await save(store, { appended: [{ loaded, events: 1 }], events: [{ orderId: 'a', record: event(5) }] });
      const [due] = (await dueOf(store, [0], 10, 10)).orders;
      t.same(
        due?.events.map(({ offset }) => offset),
        [100, 5],
      );
    },
  );

  await t.test(
    'the partition of an order is that of its placing, its retry or its dead letter',
    async (t) => {
      const { writer, reader } = await makeStore(t);
      const store = await writer();
      t.equal(await reader.placingPartition('stored'), undefined);
      await apply(store, [place(0, 'stored', { partition: 3 })]);
      await apply(store, [move(0, 'stored', 'cancelled', 5)]);
      t.equal(await reader.placingPartition('stored'), 3);

      await addRetrying(store, retrying('retrying', { partition: 4 }), [event(1, { partition: 4 })]);
      t.equal(await reader.placingPartition('retrying'), 4);

      const letters = [6, 1].map((partition) => deadLetter({ partition, offset: 0 }, { orderId: 'dead' }));
      await store.save({ ...batch(await store.load(TOPIC, [0], [])), deadLetters: letters });
      t.equal(await reader.placingPartition('dead'), 6, 'that of the first of them');
      await addRetrying(store, retrying('dead', { partition: 2 }), [event(1, { partition: 2 })]);
      t.equal(await reader.placingPartition('dead'), 2, 'its replay is being retried');
    },
  );

  await t.test('orders with large events are loaded in several runs', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const large = Buffer.alloc(3 * 1024 * 1024);
    for (const [offset, id] of ['a', 'b', 'c'].entries())
      await addRetrying(store, retrying(id, { dueAt: 10 + offset }), [event(offset, { value: large })]);
    const due = await dueOf(store, [0], 1_000, 10);
    t.same(
      due.orders.map(({ retrying }) => retrying.orderId),
      ['a', 'b'],
    );
    t.equal(due.nextDueAt, 12, 'the rest is due at once');
  });

  await t.test('an order that fails again is rescheduled', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const loaded = retrying('a', { dueAt: 10 });
    await addRetrying(store, loaded, [event(1)]);
    const next = { ...loaded, attempts: 2, error: 'again', failedAt: 20, dueAt: 500, lateMs: 3 };
    await save(store, { rescheduled: [{ loaded, next }] });
    t.match(await dueOf(store, [0], 499, 10), { orders: [], nextDueAt: 500 });
    t.same((await dueOf(store, [0], 500, 10)).orders[0]?.retrying, next);
    await t.rejects(
      save(store, { rescheduled: [{ loaded, next }] }),
      CONFLICT,
      'the second of two writers is refused',
    );
  });

  await t.test('an order whose call goes on is loaded when it is answered, not when it is due', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const slow = retrying('slow', { attempts: 0, dueAt: 5_000, unanswered: true });
    await addRetrying(store, slow, [event(1)]);
    await addRetrying(store, retrying('failed', { dueAt: 10 }), [event(2)]);
    await addRetrying(store, retrying('other', { dueAt: 20, partition: 1, unanswered: true }), [
      event(3, { partition: 1 }),
    ]);
    const idsOf = async (query: Partial<DueQuery>) => {
      const { orders } = await store.loadDue({ ...EVERYTHING_DUE, now: 100, ...query });
      return orders.map(({ retrying }) => retrying.orderId);
    };
    t.same(await idsOf({}), ['failed']);
    t.same(await idsOf({ answered: ['slow', 'missing'] }), ['slow', 'failed']);
    t.same(
      await idsOf({ answered: ['failed'] }),
      ['failed'],
      'its answer was used: it is loaded because it is due',
    );
    t.same(await idsOf({ answered: ['failed'], limit: 0 }), []);
    t.same(await idsOf({ answered: ['slow'], now: 9_000 }), ['slow', 'failed'], 'once, even if it is due');
    t.same(
      await idsOf({ answered: ['slow'], orphaned: true }),
      ['slow', 'failed'],
      'once, even if it is orphaned',
    );
    t.same(await idsOf({ answered: ['other'] }), ['failed'], 'not of another partition');
    t.same(await idsOf({ answered: ['slow'], topic: 'another' }), []);
    t.same(await idsOf({ orphaned: true }), ['failed', 'slow']);
    t.same(await idsOf({ orphaned: true, detachedCalls: ['slow'] }), ['failed']);
    t.same(await idsOf({ now: 9_000, detachedCalls: ['slow'] }), ['failed'], 'its call goes on');
    t.same(await idsOf({ now: 9_000 }), ['failed', 'slow']);
    const onlyAnswered = await store.loadDue({ ...EVERYTHING_DUE, now: 100, answered: ['slow'], limit: 0 });
    t.same(onlyAnswered.orders, [{ retrying: slow, events: [event(1)] }]);
    t.match(onlyAnswered, { nextDueAt: undefined, postponed: [] });
    t.same((await store.load(TOPIC, [0], ['slow'])).retrying.get('slow'), slow);

    const next = { ...slow, attempts: 1, firstFailedAt: 90, failedAt: 90, dueAt: 200, unanswered: false };
    await save(store, { rescheduled: [{ loaded: slow, next }] });
    t.same((await dueOf(store, [0], 200, 10)).orders[1]?.retrying, next);
    const stale = { ...next, dueAt: 199 };
    await t.rejects(save(store, { completed: [stale] }), CONFLICT, 'another process has retried it');
    await save(store, { completed: [next] });
    t.same(await idsOf({ answered: ['slow'] }), ['failed'], 'a late answer finds nothing to decide');
  });

  await t.test('answered orders with large events are left for the next run', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const large = Buffer.alloc(3 * 1024 * 1024);
    const ids = ['a', 'b', 'c', 'd'];
    for (const [offset, id] of ids.entries())
      await addRetrying(store, retrying(id, { dueAt: 10, unanswered: true }), [
        event(offset, { value: large }),
      ]);
    const query = { ...EVERYTHING_DUE, answered: ['a', 'b', 'c'] };
    const { orders, postponed, nextDueAt } = await store.loadDue({ ...query, now: 100 });
    const loaded = orders.map(({ retrying }) => retrying.orderId);
    t.equal(loaded.length, 2);
    t.same([...loaded, ...postponed].sort(), ['a', 'b', 'c']);
    t.equal(nextDueAt, 10, 'd is due');
    t.equal((await store.loadDue({ ...query, now: 5, limit: 0 })).nextDueAt, undefined);
  });

  await t.test('a completed order stays until it is purged, and may fail again meanwhile', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    const loaded = retrying('a', { dueAt: 10 });
    await addRetrying(store, loaded, [event(1)]);
    await save(store, { completed: [loaded] });
    t.match(await dueOf(store, [0], 10, 10), { orders: [], unpublished: ['a'] });
    t.equal((await store.load(TOPIC, [0], ['a'])).retrying.size, 0);
    t.equal(await reader.findUnstored('a', () => true), undefined);
    t.match(await dueOf(store, [0], 10, 10, ['a', 'x']), { orders: [], unpublished: [] });
    await store.purgeCompleted(['a', 'never-there']);
    t.match(await dueOf(store, [0], 10, 10), { orders: [], unpublished: [], nextDueAt: undefined });

    await addRetrying(store, retrying('b', { dueAt: 10 }), [event(2)]);
    await save(store, { completed: [retrying('b', { dueAt: 10 })] });
    const again = retrying('b', { dueAt: 99, attempts: 5, firstFailedAt: 9 });
    await addRetrying(store, again, [event(3)]);
    t.same(
      (await dueOf(store, [0], 99, 10, ['b'])).orders[0]?.retrying,
      again,
      'an order that failed again is due',
    );
    await save(store, { purged: ['b'] });
    t.same((await store.load(TOPIC, [0], ['b'])).retrying.get('b'), again, 'a retrying order is not purged');
    await t.rejects(
      addRetrying(store, again, [event(4)]),
      CONFLICT,
      'a retrying order cannot be added twice',
    );
  });

  await t.test(
    'a completed order that fails again is retried in the partition of its new record',
    async (t) => {
      const { writer } = await makeStore(t);
      const store = await writer();
      const loaded = retrying('a', { dueAt: 10 });
      await addRetrying(store, loaded, [event(1)]);
      await save(store, { completed: [loaded] });
      const topic = 'another.commands';
      const again = retrying('a', { dueAt: 20, partition: 3 });
      const replayed = event(1, { partition: 3 });
      const loadedState = await store.load(topic, [3], ['a']);
      const added = { added: [again], events: [{ orderId: 'a', record: replayed }] };
      await store.save({ ...batch(loadedState, added, 2, 3), topic });
      const due = await store.loadDue({
        topic,
        partitions: [3],
        now: 20,
        latest: 30_020,
        limit: 10,
        published: [],
      });
      t.same(due.orders, [{ retrying: again, events: [replayed] }]);
      t.same((await dueOf(store, [0], 20, 10)).orders, [], 'and no longer in that of its old one');
    },
  );

  await t.test('retrying orders are counted up to a bound, completed ones are not', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    t.equal(await reader.countRetrying(10), 0);
    for (const [offset, id] of ['a', 'b', 'c'].entries())
      await addRetrying(store, retrying(id), [event(offset)]);
    t.equal(await reader.countRetrying(10), 3);
    t.equal(await reader.countRetrying(2), 2);
    await save(store, { completed: [retrying('b')] });
    t.equal(await reader.countRetrying(10), 2);
  });

  await t.test('the retry that is due first is found among the given partitions', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    t.equal(await reader.earliestRetry(TOPIC, [0, 1]), undefined);
    await addRetrying(store, retrying('a', { dueAt: 30 }), [event(1)]);
    await addRetrying(store, retrying('b', { dueAt: 10 }), [event(2)]);
    await addRetrying(store, retrying('c', { dueAt: 20, partition: 1 }), [event(3, { partition: 1 })]);
    t.equal(await reader.earliestRetry(TOPIC, [0, 1]), 10);
    t.equal(await reader.earliestRetry(TOPIC, [1]), 20);
    t.equal(await reader.earliestRetry('another', [0, 1]), undefined);
    await save(store, { completed: [retrying('b', { dueAt: 10 })] });
    t.equal(await reader.earliestRetry(TOPIC, [0, 1]), 20, 'a completed one counts no more');
  });

  await t.test('orders that are retrying under another topic are counted', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    for (const [offset, id] of ['a', 'b'].entries()) await addRetrying(store, retrying(id), [event(offset)]);
    t.same(await reader.retryingElsewhere(TOPIC), []);
    t.same(await reader.retryingElsewhere('another'), [{ topic: TOPIC, orders: 2 }]);
    await save(store, { completed: [retrying('b')] });
    t.same(await reader.retryingElsewhere('another'), [{ topic: TOPIC, orders: 1 }]);
  });

  await t.test(
    'an order without a row is found by its first record, which may be retrying again',
    async (t) => {
      const { writer, reader } = await makeStore(t);
      const store = await writer();
      const first = deadLetter({ offset: 3, value: Buffer.from('first') }, { orderId: 'a', failedAt: 9 });
      const second = deadLetter({ offset: 4 }, { orderId: 'a', failedAt: 8 });
      await store.save({ ...batch(await store.load(TOPIC, [0], [])), deadLetters: [first, second] });
      t.strictSame(await reader.findUnstored('a', () => true), {
        state: 'dead-letter',
        record: first.record,
        events: 0,
        reason: first.reason,
        error: first.error,
      });
      await addRetrying(store, retrying('a', { events: 2 }), [event(5), event(6)]);
      t.strictSame(await reader.findUnstored('a', () => true), {
        state: 'retrying',
        record: event(5),
        events: 2,
        reason: null,
        error: null,
      });
    },
  );

  await t.test('the effects of a retry are found by its order, to be published again', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const { changes } = await apply(store, [place(0, 'a', { status: 'failed' })]);
    const former = deadLetter({ offset: 0 }, { orderId: 'a', reason: 'processor-failed', failedAt: 6 });
    await store.save({ ...batch(await store.load(TOPIC, [0], [])), deadLetters: [former] });
    const loaded = retrying('a', { failedAt: 7, dueAt: 10 });
    await addRetrying(store, loaded, [event(1)]);
    const exhausted = deadLetter(
      { offset: 1 },
      { orderId: 'a', reason: 'retries-exhausted', attempts: 4, failedAt: 7 },
    );
    const completed = batch(await store.load(TOPIC, [0], []), { completed: [loaded] });
    await store.save({ ...completed, deadLetters: [exhausted] });
    const effects = await store.effectsOfRetries(['a', 'b']);
    t.same(
      effects.changes.map(({ change }) => change),
      changes,
    );
    t.match(effects.deadLetters, [{ orderId: 'a', attempts: 4, record: { offset: 1 } }]);
    t.equal(effects.deadLetters.length, 1, 'not what had failed before');
    t.match(
      (await store.effectsOf(TOPIC, [{ orderId: null, position: { partition: 0, offset: 0 } }])).deadLetters,
      [{ orderId: 'a' }],
    );
    t.same(await store.orderIdsWithDeadLetters(['a', 'b']), new Set(['a']));
  });

  await t.test('a dry run tells whether the store accepts the rows, and leaves nothing behind', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    const loadedState = await store.load(TOPIC, [0], []);
    const order = retrying('a', { dueAt: 10 });
    const good = batch(loadedState, { added: [order], events: [{ orderId: 'a', record: event(1) }] }, 2);
    await store.dryRun(good);
    t.equal(await reader.progress(TOPIC, 0), undefined);
    t.equal(await reader.findUnstored('a', () => true), undefined);
    const twice = { orderId: 'a', record: event(1) };
    const bad = batch(loadedState, { added: [order], events: [twice, twice] }, 2);
    await t.rejects(store.dryRun(bad), { code: 'store-refused' });
    await store.save(good);
  });
}

function retrying(orderId: string, changes: Partial<RetryingOrder> = {}): RetryingOrder {
  return {
    orderId,
    partition: 0,
    attempts: 1,
    events: 1,
    error: 'the merchant does not answer',
    firstFailedAt: 5,
    failedAt: 7,
    dueAt: 10,
    lateMs: 0,
    unanswered: false,
    ...changes,
  };
}

const MAX_PAUSE_MS = 30_000;

function dueOf(
  store: BatchStore,
  partitions: number[],
  now: number,
  limit: number,
  published: string[] = [],
) {
  return store.loadDue({ topic: TOPIC, partitions, now, latest: now + MAX_PAUSE_MS, limit, published });
}

function event(offset: number, changes: Partial<LogRecord> = {}): LogRecord {
  return { partition: 0, offset, timestamp: 3, key: Buffer.from('k'), value: Buffer.from('{}'), ...changes };
}

/** Adds a retrying order, with the progress after its last event. */
async function addRetrying(store: BatchStore, order: RetryingOrder, records: LogRecord[]): Promise<void> {
  const events = records.map((record) => ({ orderId: order.orderId, record }));
  const next = Math.max(...records.map(({ offset }) => offset)) + 1;
  const loadedState = await store.load(TOPIC, [order.partition], []);
  await store.save(batch(loadedState, { added: [order], events }, next, order.partition));
}

async function save(store: BatchStore, retryChanges: Partial<RetryChanges>): Promise<void> {
  await store.save(batch(await store.load(TOPIC, [0], []), retryChanges));
}

function batch(
  loadedState: LoadedState,
  retryChanges: Partial<RetryChanges> = {},
  next = 0,
  partition = 0,
): BatchToSave {
  return {
    topic: TOPIC,
    decision: emptyDecision(),
    deadLetters: [],
    resolved: [],
    retryChanges: { ...noRetryChanges(), ...retryChanges },
    loadedProgress: loadedState.progress,
    nextProgress: next === 0 ? loadedState.progress : new Map([[partition, next]]),
  };
}
