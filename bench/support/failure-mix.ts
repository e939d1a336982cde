import type { NewOrder } from '../../src/order/order.ts';

/** What the failing processor does to an order: decided by its merchant, of which five in a hundred and one in a hundred fail. */
export function fateOf({ merchantId }: Pick<NewOrder, 'merchantId'>): 'healthy' | 'transient' | 'permanent' {
  const share = Number(merchantId.slice(2)) % 100;
  if (share < 5) return 'transient';
  return share === 5 ? 'permanent' : 'healthy';
}
