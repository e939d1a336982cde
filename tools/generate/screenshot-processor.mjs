/** Confirms most orders; a few are rejected, fail for good, or fail for now, so that there is something of each to see. */
export function process({ customerId }, { TransientError }) {
  const number = Number(customerId.replace(/\D/g, ''));
  if (number % 97 === 5) throw new TransientError('the payment provider does not answer');
  if (number % 151 === 7) throw new Error('the merchant has closed for good');
  if (number % 173 === 9) return { status: 'rejected', reason: 'out of stock' };
  return { status: 'confirmed' };
}
