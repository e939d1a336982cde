/**
 * A usual order: two articles, a pair of metadata. In one stretch of time hardly anybody orders twice, so customers are
 * scattered over 200 000; merchants over 2 000. (Both steps are prime to their counts: every index differs.)
 */
export function sampleOrder(index) {
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
//# sourceMappingURL=sample-order.js.map