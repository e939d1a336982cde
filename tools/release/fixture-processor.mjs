/** The merchant decides what happens to an order. */
export function process(order, context) {
  if (order.merchantId === 'm-rejects') return { status: 'rejected', reason: 'sold out' };
  if (order.merchantId === 'm-broken') throw new Error('the price list cannot be read');
  if (order.merchantId === 'm-away') throw new context.TransientError('the kitchen is away');
  // Its order stays in the event log only.
  if (order.merchantId === 'm-hangs') return new Promise(() => undefined);
  return { status: 'confirmed' };
}
