import type { Test } from 'tap';
import { errorDetail } from '../../../src/base/error-detail.ts';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { OrderReader } from '../../../src/store/order-store.ts';
import { noRetryChanges, type RetryingOrder } from '../../../src/store/retries.ts';
import type { Replica } from '../../../src/store/replica-store.ts';
import { apply, deadLetter, emptyDecision, place, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore, StoreUnderTest } from '../store-under-test.ts';

const OF_CUSTOMER = { kind: 'customer', customerId: 'c-1' } as const;
const REFUSED = errorDetail(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
const REFUSED_LINE = 'fetch failed: connect ECONNREFUSED';

export async function operationsConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('retrying orders are listed soonest first, each once', async (t) => {
    const store = await makeStore(t);
    await retry(store, [
      retrying('b', { dueAt: 20 }),
      retrying('a', { dueAt: 20, customerId: 'c-2' }),
      retrying('d', { dueAt: 10, merchantId: 'm-2' }),
      retrying('c', { dueAt: -5, attempts: 3, events: 2, error: REFUSED_LINE, detail: REFUSED }),
    ]);
    const { operations } = store.reader;
    const { data, nextCursor } = await operations.listRetrying({ limit: 4 });
    t.same(data[0], {
      orderId: 'c',
      attempts: 3,
      firstFailedAt: 1,
      nextAttemptAt: -5,
      queuedEvents: 2,
      error: REFUSED,
    });
    t.equal(nextCursor, null);
    t.same(await pagedIds(store.reader, {}), ['c', 'd', 'a', 'b']);
    t.same(await pagedIds(store.reader, { customerId: 'c-2' }), ['a']);
    t.same(await pagedIds(store.reader, { merchantId: 'm-1' }), ['c', 'a', 'b']);
    t.same(await pagedIds(store.reader, { customerId: 'c-1', merchantId: 'm-2' }), ['d']);
    t.match(await operations.findRetrying('d'), { orderId: 'd', nextAttemptAt: 10 });
    t.equal(await operations.findRetrying('x'), undefined);
    await t.rejects(operations.listRetrying({ limit: 1, cursor: 'x' }), { code: 'cursor-invalid' });
  });

  await t.test('the error of a retrying order is that of its latest attempt', async (t) => {
    const store = await makeStore(t);
    const { operations } = store.reader;
    const errorNow = async () => (await operations.findRetrying('a'))?.error;
    const first = retrying('a', { dueAt: 10, error: REFUSED_LINE, detail: REFUSED });
    await retry(store, [first]);
    // As a dead-letter flood postpones it.
    const loaded = { ...first, detail: undefined };
    const postponed = { ...loaded, dueAt: 20 };
    await reschedule(store, loaded, postponed);
    t.same(await errorNow(), REFUSED);
    const failedAgain = {
      ...postponed,
      dueAt: 30,
      attempts: 2,
      error: 'away',
      detail: errorDetail(new RangeError('away')),
    };
    await reschedule(store, postponed, failedAgain);
    t.match(await errorNow(), { class: 'RangeError', message: 'away', cause: null });
    const goesOn = {
      ...failedAgain,
      dueAt: 40,
      error: 'No answer yet.',
      detail: undefined,
      unanswered: true,
    };
    await reschedule(store, failedAgain, goesOn);
    t.same(await errorNow(), { class: 'Error', message: 'No answer yet.', stack: null, cause: null });
    await reschedule(store, goesOn, { ...failedAgain, dueAt: 50 });
    // As a worker of the previous version does it.
    await store.runSql(`UPDATE retrying_orders SET error = 'another error' WHERE order_id = 'a'`);
    t.match(await errorNow(), { class: 'Error', message: 'another error' });
  });

  await t.test(
    'a failed or rejected order says why: its parties a fixed text, operators the whole',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const details = { attempts: 3, operatorReason: REFUSED_LINE, error: REFUSED };
      await apply(await writer(), [
        { ...place(0, 'failed'), outcome: { status: 'failed', reason: 'It failed.' }, details },
        {
          ...place(1, 'rejected'),
          outcome: { status: 'rejected', reason: 'It was rejected.' },
          details: { attempts: 1, operatorReason: 'risk score 81', error: null },
        },
        { ...place(2, 'confirmed'), outcome: { status: 'confirmed', reason: 'lucky' } },
      ] as Parameters<typeof apply>[1]);
      const list = async (access: Parameters<OrderReader['list']>[1]) =>
        (await reader.list({ limit: 10 }, access)).data.map(({ id, reason }) => [id, reason]);
      t.same(await list(ALL_ORDERS), [
        ['confirmed', undefined],
        ['rejected', 'risk score 81'],
        ['failed', REFUSED_LINE],
      ]);
      const ofCustomer = [
        ['confirmed', undefined],
        ['rejected', 'It was rejected.'],
        ['failed', 'It failed.'],
      ];
      t.same(await list(OF_CUSTOMER), ofCustomer);
      t.same(await list({ kind: 'merchant', merchantId: 'm-1' }), ofCustomer);
      t.equal((await reader.find('failed', ALL_ORDERS))?.reason, REFUSED_LINE);
      t.equal((await reader.find('failed', OF_CUSTOMER))?.reason, 'It failed.');
      t.same(await reader.history('failed', ALL_ORDERS), [
        { version: 1, status: 'failed', at: 5_000, reason: REFUSED_LINE, attempts: 3, error: REFUSED },
      ]);
      t.same(await reader.history('failed', OF_CUSTOMER), [
        { version: 1, status: 'failed', at: 5_000, reason: 'It failed.', attempts: 3 },
      ]);
      t.match(await reader.latestChanges(10), Array(3).fill({ change: { details: undefined } }));
      const seen = JSON.stringify([
        await reader.latestChanges(10),
        await reader.changes('failed', ALL_ORDERS),
      ]);
      t.notMatch(seen, /ECONNREFUSED|risk score/, 'what watchers get');
    },
  );

  await t.test('the place of an order in the log, and its dead letters', async (t) => {
    const store = await makeStore(t);
    const { operations } = store.reader;
    await apply(await store.writer(), [place(7, 'stored', { partition: 2 })]);
    await retry(store, [retrying('waits', { dueAt: 10 })]);
    await keepDeadLetters(await store.writer(), [
      deadLetter(
        { offset: 3 },
        { orderId: 'dead', reason: 'processor-failed', error: REFUSED_LINE, detail: REFUSED },
      ),
      deadLetter({ offset: 4 }, { orderId: 'dead', reason: 'predecessor-failed', error: 'behind' }),
    ]);
    t.same(await operations.placedAt('stored'), { partition: 2, offset: 7 });
    t.same(await operations.placedAt('waits'), { partition: 0, offset: 100 });
    t.same(await operations.placedAt('dead'), { partition: 0, offset: 3 });
    t.equal(await operations.placedAt('x'), undefined);
    const letters = await operations.deadLettersOf('dead', 10);
    t.match(letters, [
      { reason: 'processor-failed', state: 'open', error: { class: 'TypeError', cause: { class: 'Error' } } },
      { reason: 'predecessor-failed', error: { class: 'Error', message: 'behind' } },
    ]);
    t.equal((await operations.deadLettersOf('dead', 1)).length, 1);
    const deadLetters = await store.deadLetterStore();
    const [first, second] = letters.map(({ id }) => id);
    t.match(await deadLetters.find(first ?? 0), { causedBy: null, cause: REFUSED });
    t.match(await deadLetters.find(second ?? 0), { causedBy: first, cause: { message: 'behind' } });
    const { data } = await deadLetters.list({ limit: 10 });
    t.same(
      data.map(({ id, causedBy }) => [id, causedBy]),
      [
        [second, first],
        [first, null],
      ],
    );
  });

  await t.test('unresolved dead letters are listed and counted without the others', async (t) => {
    const store = await makeStore(t);
    await keepDeadLetters(await store.writer(), [
      deadLetter({ offset: 1 }, { orderId: 'a', failedAt: 1 }),
      deadLetter(
        { offset: 2 },
        { orderId: 'a', failedAt: 2, state: 'exhausted', reason: 'processor-failed' },
      ),
      deadLetter({ offset: 3 }, { orderId: 'b', failedAt: 3 }),
      deadLetter({ offset: 4 }, { orderId: 'b', failedAt: 4 }),
    ]);
    const deadLetters = await store.deadLetterStore();
    const offsets = async (filter: object) =>
      (await deadLetters.list({ limit: 10, ...filter })).data.map(({ offset }) => offset);
    const [newest] = (await deadLetters.list({ limit: 1 })).data;
    await deadLetters.discard([newest?.id ?? 0], { by: 'ada', at: 9 });
    t.same(await offsets({}), [4, 3, 2, 1]);
    t.same(await offsets({ unresolved: true }), [3, 2, 1]);
    t.same(await offsets({ unresolved: true, orderId: 'b' }), [3]);
    t.same(await offsets({ unresolved: true, reason: 'processor-failed' }), [2]);
    const page = await deadLetters.list({ limit: 1, unresolved: true });
    t.same(await offsets({ unresolved: true, cursor: page.nextCursor }), [2, 1]);
    t.same(await deadLetters.reasons({ unresolved: true }), {
      'record-undecodable': 2,
      'processor-failed': 1,
    });
    t.same(await deadLetters.reasons({}), { 'record-undecodable': 3, 'processor-failed': 1 });
  });

  await t.test('a replica is listed while its heartbeats arrive', async (t) => {
    const { reader, replicaStore } = await makeStore(t);
    const replicas = await replicaStore();
    await replicas.noteReplica(replica('two', { startedAt: 2, seenAt: 50 }), 0);
    await replicas.noteReplica(replica('one', { seenAt: 10, partitions: [0, 1] }), 0);
    await replicas.noteReplica(replica('one', { seenAt: 60, partitions: [2] }), 0);
    t.same(await reader.operations.replicas(0), [
      replica('one', { seenAt: 60, partitions: [2] }),
      replica('two', { startedAt: 2, seenAt: 50 }),
    ]);
    t.match(await reader.operations.replicas(50), [{ id: 'one' }]);
    await replicas.noteReplica(replica('one', { seenAt: 70 }), 55);
    t.match(await reader.operations.replicas(0), [{ id: 'one' }], 'the silent one is deleted');
    await replicas.removeReplica('one');
    t.same(await reader.operations.replicas(0), []);
  });
}

function replica(id: string, changes: Partial<Replica> = {}): Replica {
  const program = { role: 'all', version: '1.2.3', node: '20.0.0', host: 'h', pid: 7 };
  return { id, ...program, startedAt: 1, seenAt: 1, partitions: [], ...changes };
}

function retrying(orderId: string, changes: Partial<RetryingOrder>): RetryingOrder {
  const times = { firstFailedAt: 1, failedAt: 1, dueAt: 0, lateMs: 0 };
  const order = { orderId, partition: 0, attempts: 1, events: 1, error: 'away', ...times, unanswered: false };
  return { ...order, customerId: 'c-1', merchantId: 'm-1', ...changes };
}

let offset = 100;

/** Each with one event, from offset 100 on. */
async function retry({ writer }: StoreUnderTest, added: RetryingOrder[]): Promise<void> {
  offset = 100;
  const events = added.map(({ orderId }) => ({
    orderId,
    record: { partition: 0, offset: offset++, timestamp: 0, key: Buffer.from(orderId), value: null },
  }));
  await save(await writer(), { added, events });
}

async function reschedule(
  { writer }: StoreUnderTest,
  loaded: RetryingOrder,
  next: RetryingOrder,
): Promise<void> {
  await save(await writer(), { rescheduled: [{ loaded, next }] });
}

async function save(
  store: Awaited<ReturnType<StoreUnderTest['writer']>>,
  changes: Partial<ReturnType<typeof noRetryChanges>>,
): Promise<void> {
  await store.save({
    topic: TOPIC,
    decision: emptyDecision(),
    deadLetters: [],
    resolved: [],
    retryChanges: { ...noRetryChanges(), ...changes },
    loadedProgress: new Map(),
    nextProgress: new Map(),
  });
}

/** The ids of all pages of two. */
async function pagedIds({ operations }: OrderReader, filter: object): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await operations.listRetrying({ ...filter, limit: 2, cursor });
    ids.push(...page.data.map(({ orderId }) => orderId));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}
