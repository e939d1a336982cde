import t from 'tap';
import { Ledger } from './ledger.ts';
import type { RetryingOrder } from './read-back-types.ts';
import { settle, type SettleOptions } from './settle.ts';

const PARKED: RetryingOrder = { orderId: 'order-x', attempts: 1, events: 1, isSettled: false };

function settling(parked: SettleOptions['parked'], deadlineMs: number): Promise<boolean> {
  const reader = {
    orders: () => nothing(),
    deadLetterCount: () => Promise.resolve(0),
  };
  const { signal } = new AbortController();
  return settle({ ledger: new Ledger(), reader, parked, deadlineMs, onWaiting: () => undefined, signal });
}

await t.test('an order that waits for a retry is not settled, although nobody was told of it', async (t) => {
  t.equal(await settling(() => Promise.resolve([PARKED]), 1), false);
});

await t.test('it is settled when none waits any more', async (t) => {
  let looks = 0;
  t.equal(await settling(() => Promise.resolve(looks++ === 0 ? [PARKED] : []), 60_000), true);
});

async function* nothing(): AsyncIterable<never> {
  // There is no order.
}
