import { setTimeout as delay } from 'node:timers/promises';
import type { NewOrder } from '../../src/order/order.ts';
import type { Client } from './client.ts';
import { acknowledge, leaveUnknown, type LedgerEntry } from './ledger.ts';
import type { PlannedOrder } from './order-mix.ts';

const MAX_ATTEMPTS = 10;
const PAUSE_BEFORE_REPEAT_MS = 400;

/** Places one order and notes the outcome in the ledger. With a key it repeats the request until it is acknowledged. */
export async function placeOrder(client: Client, entry: LedgerEntry, plan: PlannedOrder): Promise<void> {
  const order = orderOf(entry);
  const headers: Record<string, string> = plan.isKeyed
    ? { 'idempotency-key': `${client.name}-${plan.number}` }
    : {};
  let wanted = plan.isRepeated ? 2 : 1;
  for (let attempt = 1; wanted > 0 && attempt <= MAX_ATTEMPTS && !client.signal.aborted; attempt += 1) {
    const { status, body, location } = await client.post('/v1/orders', order, headers);
    if (status === 202) {
      acknowledge(entry, (body as { id: string }).id, location);
      wanted -= 1;
      continue;
    }
    if (isUnknown(status)) leaveUnknown(entry);
    if (status === 422) {
      const detail = `order ${plan.number} with its own key: 422`;
      entry.wrongResponses.push({ kind: 'unexpected', detail });
      return;
    }
    if (!plan.isKeyed) return;
    await delay(PAUSE_BEFORE_REPEAT_MS * attempt);
  }
}

/** Without a response, or after 500 or 504, the log may hold the record; after any other error it does not. */
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
