import type { Test } from 'tap';
import { openBatchStore, openDeadLetterStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import type { StoreTarget } from '../../src/store/target.ts';
import { TOPIC } from './batch.ts';

/** An order that is retrying, one whose retry is completed, and a dead letter, as schemas before the retry names had them. */
export const PARKED_ROWS = `
  INSERT INTO parked_orders (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                             late_ms, settled)
  VALUES ('o-1', '${TOPIC}', 2, 3, 3, 'busy', 10, 20, 30, 4, false),
         ('o-2', '${TOPIC}', 2, 1, 0, 'busy', 10, 20, 0, 0, true);
  INSERT INTO parked_events (order_id, "offset", partition, key, value, headers, log_timestamp)
  VALUES ('o-1', 7, 2, '\\x6b', '\\x00ff', '{"a":"b"}', 9),
         ('o-1', 3, 5, '\\x6b', null, '', 9),
         ('o-1', 9, 2, '\\x6b', null, '', 9);
  INSERT INTO dead_letters (topic, partition, "offset", log_timestamp, order_id, reason, error, attempts, first_failed_at,
                            failed_at, replay_count, state)
  VALUES ('${TOPIC}', 0, 1, 9, 'o-3', 'processor-failed', 'why', 1, 1, 2, 5, 'parked');`;

export async function parkedRowsAreKept(t: Test, target: StoreTarget): Promise<void> {
  const lock = createWriteLock();
  const store = await openBatchStore(target, lock);
  const reader = await openReader(target);
  const deadLetters = await openDeadLetterStore(target, lock);
  t.teardown(() => Promise.all([store.close(), reader.close(), deadLetters.close()]));
  const query = { topic: TOPIC, partitions: [2], now: 30, latest: 30_030, limit: 9, published: [] };
  const { orders, unpublished } = await store.loadDue(query);
  const times = { firstFailedAt: 10, failedAt: 20, dueAt: 30, lateMs: 4, unanswered: false };
  const retrying = { orderId: 'o-1', partition: 2, attempts: 3, events: 3, error: 'busy', ...times };
  const record = {
    partition: 2,
    offset: 7,
    timestamp: 9,
    key: Buffer.from('k'),
    value: Buffer.from([0, 0xff]),
  };
  const [due] = orders;
  t.strictSame(due?.retrying, retrying);
  t.strictSame(due?.events[0], { ...record, headers: { a: 'b' } });
  t.match(
    due?.events,
    [{ offset: 7 }, { offset: 9 }, { offset: 3, partition: 5 }],
    'its own partition first',
  );
  t.same(unpublished, ['o-2']);
  t.equal(await reader.countRetrying(9), 1);
  t.match(await reader.findUnstored('o-1', () => true), { state: 'retrying', events: 3 });
  t.match(await deadLetters.list({ state: 'exhausted', limit: 9 }), { data: [{ id: 1, replayCount: 5 }] });
  t.same(await deadLetters.reasons({ state: 'exhausted' }), { 'processor-failed': 1 });
}
