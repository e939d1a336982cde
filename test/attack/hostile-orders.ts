import { anOrder } from '../support/order-client.ts';
import { atRate } from './at-rate.ts';
import type { Scene } from './attack.ts';
import { hostileRequest } from './hostile-request.ts';

/** Just below the limit of a batch's body. */
export const BODY_BYTES = 4 * 1024 * 1024 - 1024;

export const BATCH = '/v1/orders/batch';

const SMALL_ORDERS_IN_A_BATCH = 100;

/** Stores orders as large as one order may be, so that pages of them are large. */
export async function placeLargeOrders(scene: Scene, count: number): Promise<void> {
  const order = JSON.stringify(anOrder({ customerId: 'c-hostile', items: manyItems() }));
  await placeBatches(scene, count, order, Math.floor(BODY_BYTES / (Buffer.byteLength(order) + 1)));
}

/** Makes the service keep `count` events. */
export async function placeSmallOrders(scene: Scene, count: number): Promise<void> {
  const order = JSON.stringify(anOrder({ customerId: 'c-hostile' }));
  await placeBatches(scene, count, order, SMALL_ORDERS_IN_A_BATCH);
}

/** @throws Error when the service does not take them */
async function placeBatches(scene: Scene, orders: number, order: string, perBatch: number): Promise<void> {
  const body = `{"orders":[${Array.from({ length: perBatch }, () => order).join()}]}`;
  const count = Math.ceil(orders / perBatch);
  // Each batch from another address, so that no rate limit refuses it.
  await atRate(scene, { perSecond: 100, maxInFlight: 2, count }, async (index) => {
    const { status } = await hostileRequest(scene, BATCH, { body, from: index });
    if (status !== 207) throw new Error(`The orders that prepare the attack were answered ${status}.`);
  });
}

/** About 62 KB in UTF-8, of the 64 KiB that an order may have. */
function manyItems() {
  return Array.from({ length: 95 }, (_, index) => ({
    sku: `sku-${index}`,
    name: '\u20ac'.repeat(200),
    quantity: 1,
    unitPrice: 1_000,
  }));
}
