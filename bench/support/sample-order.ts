import type { NewOrder } from '../../src/order/order.ts';

/**
 * A typical order: two items, one metadata pair. Orders spread over 200,000 customers, because few customers order twice
 * in a short time, and 2,000 merchants. The factors are coprime to these counts, so every customer and merchant occurs.
 */
export function sampleOrder(index: number): NewOrder {
  return {
    customerId: `c-${(index * 7_919) % 200_000}`,
    merchantId: `m-${(index * 617) % 2_000}`,
    currency: 'INR',
    items: [
      { sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25_000 },
      { sku: 'raita', name: 'Raita', quantity: 1, unitPrice: 4_000 },
    ],
    metadata: { channel: 'app' },
  };
}
