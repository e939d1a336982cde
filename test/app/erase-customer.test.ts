import t from 'tap';
import { eraseCustomer, type LogAccess } from '../../src/app/erase/erase-customer.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { deadLetter, emptyDecision, place, TOPIC } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { makeSqliteStore } from '../store/sqlite/make-store.ts';

const codec = createEventCodec();

await t.test('orders that fail while the log catches up are erased, too', async (t) => {
  const { writer, erasureStore, rows } = await makeSqliteStore(t);
  const [worker, store] = [await writer(), await erasureStore()];
  const valueOf = (orderId: string) => codec.encodeCommand(place(0, orderId, { customerId: 'c-7' }).command);
  const log: LogAccess = {
    unprocessed: () => Promise.resolve(0),
    // The log waits until the worker has processed what was in it.
    async erase() {
      const record = {
        partition: 0,
        offset: 1,
        timestamp: 1,
        key: Buffer.from('later'),
        value: valueOf('later'),
      };
      const retrying = {
        ...{ orderId: 'later', partition: 0, attempts: 1, events: 1, error: 'away', customerId: 'c-7' },
        ...{ firstFailedAt: 1, failedAt: 1, dueAt: 2, lateMs: 0, unanswered: false },
      };
      await worker.save({
        ...{ topic: TOPIC, decision: emptyDecision(), deadLetters: [], resolved: [] },
        ...{ loadedProgress: new Map<number, number>(), nextProgress: new Map<number, number>() },
        retryChanges: { ...noRetryChanges(), added: [retrying], events: [{ orderId: 'later', record }] },
      });
      await keepDeadLetters(worker, [deadLetter({ offset: 2, value: valueOf('dead') }, { orderId: 'dead' })]);
      return 0;
    },
    close: () => Promise.resolve(),
  };
  const data = await store.dataOf('c-7');
  t.match(data, { retrying: [], deadLetters: [] }, 'they are not known before');

  const options = { by: 'ann', rewrite: false, onProgress: () => undefined };
  const erased = await eraseCustomer({ store, log, customerId: 'c-7', data, ...options });

  t.match(erased, { retrying: 1, deadLetters: 1 });
  const stored = [
    ...(await rows('SELECT customer_id FROM retrying_orders')),
    ...(await rows('SELECT CAST(value AS TEXT) FROM retrying_events')),
    ...(await rows('SELECT CAST(value AS TEXT) FROM dead_letters')),
  ];
  t.equal(stored.length, 3);
  t.notMatch(JSON.stringify(stored), /c-7/);
});
