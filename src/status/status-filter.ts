import type { OrderStatus } from '../order/lifecycle.ts';

export interface StatusFilter {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  /** empty: all statuses */
  statuses?: readonly OrderStatus[] | undefined;
}
