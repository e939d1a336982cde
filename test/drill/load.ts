import pThrottle from 'p-throttle';
import type { Caller } from './caller.ts';
import type { Ledger } from './ledger.ts';
import type { OrderPlan } from './order-mix.ts';
import { placeOrder } from './place-order.ts';
import { requestSteps } from './request-steps.ts';

/** Orders under way at a time: while a service holds still, the load waits for it instead of growing. */
export const MAX_LINES = 256;

const INTERVAL_MS = 100;

export interface LoadOptions {
  caller: Caller;
  ledger: Ledger;
  nextOrder: () => OrderPlan;
  /** orders a second, at most */
  rate: number;
  /** no order is begun after it */
  signal: AbortSignal;
}

/** Places orders and moves them on until the signal; resolves when the last one under way is done with. */
export async function runLoad({ caller, ledger, nextOrder, rate, signal }: LoadOptions): Promise<void> {
  if (signal.aborted) return;
  const limit = Math.max(1, Math.round((rate * INTERVAL_MS) / 1000));
  const nextInTime = pThrottle({ limit, interval: (limit * 1000) / rate, signal })(async () => nextOrder());
  /** Undefined when the load is over; the throttle rejects whoever waits for a turn then. */
  const nextPlan = async (): Promise<OrderPlan | undefined> => {
    try {
      const plan = await nextInTime();
      return signal.aborted ? undefined : plan;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  };
  const line = async (): Promise<void> => {
    for (let plan = await nextPlan(); plan !== undefined; plan = await nextPlan()) {
      const entry = ledger.open(plan.number, plan.behaviour);
      await placeOrder(caller, entry, plan);
      if (entry.outcome === 'acknowledged') await requestSteps(caller, entry, plan.steps);
    }
  };
  await Promise.all(Array.from({ length: MAX_LINES }, line));
}
