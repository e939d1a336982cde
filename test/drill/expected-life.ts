import { canTransition, type OrderStatus } from '../../src/order/lifecycle.ts';
import type { LedgerEntry } from './ledger.ts';
import { FIRST_STATUS } from './merchants.ts';

/** The statuses that an order has had when all is done: exactly `certain`, or `possible` as well where that is known. */
export interface ExpectedLife {
  certain: OrderStatus[];
  /** with a last transition of unknown outcome; undefined where there is none, or where it changes nothing */
  possible: OrderStatus[] | undefined;
}

/**
 * The log holds an order's events in the order of its requests, each of which waited for the one before it; so its
 * life is known beforehand, but for a last request that nobody answered.
 */
export function expectedLife({ kind, wishes }: LedgerEntry): ExpectedLife {
  const certain: OrderStatus[] = [FIRST_STATUS[kind]];
  for (const { to, outcome } of wishes) {
    const isGranted = canTransition(certain.at(-1) ?? 'accepted', to);
    if (isGranted && outcome === 'unknown') return { certain, possible: [...certain, to] };
    if (isGranted) certain.push(to);
  }
  return { certain, possible: undefined };
}
