/** Confirms most orders; a few are rejected, retried or become dead letters, so that the page shows some of each. */
export function process({ customerId }, { TransientError }) {
  const number = Number(customerId.replace(/\D/g, ''));
  if (number % 97 === 5) throw new TransientError('the payment provider does not answer');
  if (number % 151 === 7) throw new Error('the merchant has closed for good');
  if (number % 173 === 9) return { status: 'rejected', reason: 'out of stock' };
  return { status: 'confirmed' };
}
