import { existsSync } from 'node:fs';

/**
 * Confirms orders, unless a file of this name is in FAULTS: `broken` fails all orders for good, `away` fails those of the
 * customer c-away temporarily.
 */
export function process(order, { TransientError }) {
  const folder = globalThis.process.env.FAULTS;
  if (existsSync(`${folder}/broken`)) throw new Error('the price list cannot be read');
  if (order.customerId === 'c-away' && existsSync(`${folder}/away`)) {
    throw new TransientError('the kitchen is away');
  }
  return { status: 'confirmed' };
}
