import type { LogRecord } from '../../../src/base/log-record.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import type { DeadLetterStore } from '../../../src/store/dead-letter-store.ts';
import { noRetryChanges } from '../../../src/store/retries.ts';
import { apply, deadLetter, emptyDecision, move, place, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';

/** More than one page of a copy. */
export const ORDERS = 2_100;
export const MOVED = 300;
export const DEAD_LETTERS = 3;

/** Rows of every table and state, values that are easy to damage, and more than one page of orders. */
export async function fillStore(store: BatchStore, deadLetterStore: DeadLetterStore): Promise<void> {
  const orderIds = Array.from({ length: ORDERS }, (_, index) => orderId(index));
  const status = (index: number) => (index % 7 === 0 ? 'rejected' : 'confirmed');
  await apply(
    store,
    orderIds.map((id, index) => place(index, id, { status: status(index), time: 1_000 + index })),
  );
  const confirmed = orderIds.filter((_, index) => index % 7 !== 0).slice(0, MOVED);
  await apply(
    store,
    confirmed.map((id, index) => move(ORDERS + index, id, 'preparing')),
  );
  const bytes = { key: Buffer.from([0xff, 0, 1]), value: Buffer.from('{"not": "json\0') };
  await keepDeadLetters(store, [
    deadLetter({ offset: 1, ...bytes }, { error: 'a zero \0 and a smile 🙂' }),
    deadLetter({ offset: 2 }, { orderId: orderId(1), reason: 'processor-failed', error: '' }),
    deadLetter({ offset: 3, partition: 4, value: Buffer.alloc(0) }, { state: 'exhausted', replayCount: 5 }),
  ]);
  await deadLetterStore.discard([2], { by: 'ann', at: 5_000 });
  await addRetrying(store);
  await store.claim({ topic: TOPIC, partitions: [0, 1], owner: 'an owner that was killed' });
  const owner = 'an owner that was killed';
  await store.recordIsolated({ topic: TOPIC, owner, orders: new Map([[orderId(7), 1]]) });
}

export function orderId(index: number): string {
  return `order-${index.toString().padStart(6, '0')}`;
}

async function addRetrying(store: BatchStore): Promise<void> {
  const retrying = {
    ...{ orderId: 'retrying', partition: 1, attempts: 2, events: 2, error: 'the kitchen is away' },
    ...{ firstFailedAt: 1_000, failedAt: 2_000, dueAt: 3_000, lateMs: 7, unanswered: true },
  };
  const record = (offset: number, changes: Partial<LogRecord>): LogRecord => {
    return {
      partition: 1,
      offset,
      timestamp: 9,
      key: Buffer.from('retrying'),
      value: Buffer.from('{}'),
      ...changes,
    };
  };
  const records = [record(5, { headers: { name: 'ü' } }), record(9, { value: null })];
  await store.save({
    topic: TOPIC,
    decision: emptyDecision(),
    deadLetters: [],
    resolved: [],
    retryChanges: {
      ...noRetryChanges(),
      added: [retrying],
      events: records.map((event) => ({ orderId: 'retrying', record: event })),
    },
    loadedProgress: new Map(),
    nextProgress: new Map([[1, 10]]),
    lastRecords: new Map([[1, '9-0badcafe']]),
  });
}
