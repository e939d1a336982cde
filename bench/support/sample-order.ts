import type { NewOrder } from '../../src/order/order.ts';

/** A usual order: two articles, a pair of metadata. */
export function sampleOrder(index: number): NewOrder {
  return {
    customerId: `c-${index % 5_000}`,
    merchantId: `m-${index % 300}`,
    currency: 'INR',
    items: [
      { sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25_000 },
      { sku: 'raita', name: 'Raita', quantity: 1, unitPrice: 4_000 },
    ],
    metadata: { channel: 'app' },
  };
}
