import { canTransition, type OrderStatus } from '../../src/order/lifecycle.ts';
import { FIRST_STATUS } from './behaviour.ts';
import type { LedgerEntry } from './ledger.ts';

/** The statuses of an order's history at the end: exactly `certain`, or exactly `possible` if that is defined. */
export interface ExpectedStatuses {
  certain: OrderStatus[];
  /** with the last transition, if its outcome is unknown and it would change something */
  possible: OrderStatus[] | undefined;
}

/**
 * Each request waited for the response to the one before, so the log has the events in the order of the requests, and
 * the history follows from the ledger. Only the outcome of the last request may be unknown.
 */
export function expectedStatuses({ kind, transitions }: LedgerEntry): ExpectedStatuses {
  const certain: OrderStatus[] = [FIRST_STATUS[kind]];
  for (const { to, outcome } of transitions) {
    if (!canTransition(certain.at(-1) ?? 'accepted', to)) continue;
    if (outcome === 'unknown') return { certain, possible: [...certain, to] };
    certain.push(to);
  }
  return { certain, possible: undefined };
}
