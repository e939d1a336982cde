import t from 'tap';
import { Ledger } from './ledger.ts';
import type { RetryingOrder } from './read-back-types.ts';
import { settle, type SettleOptions } from './settle.ts';

const RETRYING: RetryingOrder = { orderId: 'order-x', attempts: 1, events: 1, isCompleted: false };

function settleWith(retryingOrders: SettleOptions['retryingOrders'], deadlineMs: number): Promise<boolean> {
  const reader = { orders: noOrders, deadLetterCount: () => Promise.resolve(0) };
  const { signal } = new AbortController();
  const onPending = () => undefined;
  return settle({ ledger: new Ledger(), reader, retryingOrders, deadlineMs, onPending, signal });
}

await t.test(
  'it is not settled while an order is retrying, even one that was never acknowledged',
  async (t) => {
    t.equal(await settleWith(() => Promise.resolve([RETRYING]), 1), false);
  },
);

await t.test('it is settled once no order is retrying', async (t) => {
  let calls = 0;
  t.equal(await settleWith(() => Promise.resolve(calls++ === 0 ? [RETRYING] : []), 60_000), true);
});

async function* noOrders(): AsyncIterable<never> {
  // Empty.
}
