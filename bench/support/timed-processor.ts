import { setTimeout as delay } from 'node:timers/promises';
import type { NewOrder } from '../../src/order/order.ts';
import type { OrderToProcess, ProcessorAnswer } from '../../src/processing/processor-api.ts';

/** A call takes CALL_MS; with SLOW_CALL_MS, one in a hundred takes that long. */
const callMs = Number(process.env.CALL_MS ?? 1);
const slowCallMs = Number(process.env.SLOW_CALL_MS ?? callMs);

async function confirm(order: OrderToProcess): Promise<ProcessorAnswer> {
  await delay(isSlow(order) ? slowCallMs : callMs);
  return { status: 'confirmed' };
}

export { confirm as process };

/** The merchant's number alone decides. */
export function isSlow({ merchantId }: Pick<NewOrder, 'merchantId'>): boolean {
  return Number(merchantId.slice(2)) % 100 === 7;
}
