import { setTimeout as delay } from 'node:timers/promises';
import type { NewOrder } from '../../src/order/order.ts';
import type { Caller } from './caller.ts';
import { acknowledge, leaveUnknown, type LedgerEntry } from './ledger.ts';
import type { OrderPlan } from './order-mix.ts';

const MAX_ATTEMPTS = 10;
const PAUSE_BEFORE_REPEAT_MS = 400;

/** Places one order and notes what was answered. With a key it goes on asking until it is told. */
export async function placeOrder(caller: Caller, entry: LedgerEntry, plan: OrderPlan): Promise<void> {
  const order = orderOf(entry);
  const headers: Record<string, string> = plan.isKeyed
    ? { 'idempotency-key': `${caller.name}-${plan.number}` }
    : {};
  let wanted = plan.isRepeated ? 2 : 1;
  for (let attempt = 1; wanted > 0 && attempt <= MAX_ATTEMPTS && !caller.signal.aborted; attempt += 1) {
    const answer = await caller.post('/v1/orders', order, headers);
    if (answer.status === 202) {
      acknowledge(entry, (answer.body as { id: string }).id, answer.location);
      wanted -= 1;
      continue;
    }
    if (isUnknown(answer.status)) leaveUnknown(entry);
    if (answer.status === 422) {
      entry.wrongAnswers.push({ kind: 'unexplained', detail: `order ${plan.number} with its own key: 422` });
      return;
    }
    if (!plan.isKeyed) return;
    await delay(PAUSE_BEFORE_REPEAT_MS * attempt);
  }
}

/** Nothing, 500 and 504 leave open whether the log has it; every other answer says that it has not. */
export function isUnknown(status: number | undefined): boolean {
  return status === undefined || status === 500 || status === 504;
}

function orderOf({ number, merchantId }: LedgerEntry): NewOrder {
  return {
    customerId: `c-${number % 500}`,
    merchantId,
    currency: 'INR',
    items: [{ sku: 'biryani', name: 'Biryani', quantity: 1 + (number % 5), unitPrice: 25_000 }],
    metadata: { number: String(number) },
  };
}
