import pThrottle from 'p-throttle';
import type { Client } from './client.ts';
import type { Ledger } from './ledger.ts';
import type { PlannedOrder } from './order-mix.ts';
import { placeOrder } from './place-order.ts';
import { requestTransitions } from './request-transitions.ts';

/** While a service is frozen the load waits for it, instead of growing. */
export const MAX_CONCURRENT_ORDERS = 256;

const INTERVAL_MS = 100;

export interface LoadOptions {
  client: Client;
  ledger: Ledger;
  nextOrder: () => PlannedOrder;
  /** orders a second, at most */
  rate: number;
  /** no order is placed afterwards */
  signal: AbortSignal;
}

/** Places orders and requests their transitions until the signal; resolves when the last order is finished. */
export async function runLoad({ client, ledger, nextOrder, rate, signal }: LoadOptions): Promise<void> {
  if (signal.aborted) return;
  const limit = Math.max(1, Math.round((rate * INTERVAL_MS) / 1000));
  const throttled = pThrottle({ limit, interval: (limit * 1000) / rate, signal })(async () => nextOrder());
  /** Undefined after the signal, which makes the throttle reject all calls that it holds. */
  const next = async (): Promise<PlannedOrder | undefined> => {
    try {
      const plan = await throttled();
      return signal.aborted ? undefined : plan;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  };
  const placeOrders = async (): Promise<void> => {
    for (let plan = await next(); plan !== undefined; plan = await next()) {
      const entry = ledger.open(plan.number, plan.behaviour);
      await placeOrder(client, entry, plan);
      if (entry.outcome === 'acknowledged') await requestTransitions(client, entry, plan.transitions);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_ORDERS }, placeOrders));
}
