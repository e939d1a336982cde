import { canTransition, type OrderStatus } from '../../src/order/lifecycle.ts';
import { FIRST_STATUS } from './behaviour.ts';
import type { LedgerEntry } from './ledger.ts';
import { mayBeLost, type LostSpan } from './lost-spans.ts';

/** The statuses of an order's history at the end: `certain`, or one of `possible`. */
export interface ExpectedStatuses {
  /** without any transition whose outcome is unknown or that may be lost */
  certain: OrderStatus[];
  /** with some of those transitions */
  possible: OrderStatus[][];
}

/**
 * Each request waited for the response to the one before, so the log has the events in the order of the requests, and
 * the history follows from the ledger. A transition may be missing if its outcome is unknown or an operator accepted its
 * loss.
 */
export function expectedStatuses(
  { kind, transitions }: LedgerEntry,
  lostSpans: readonly LostSpan[],
): ExpectedStatuses {
  let histories: OrderStatus[][] = [[FIRST_STATUS[kind]]];
  for (const { to, outcome, acknowledgement } of transitions) {
    const mayBeMissing =
      outcome === 'unknown' || (acknowledgement !== undefined && mayBeLost(acknowledgement, lostSpans));
    histories = histories.flatMap((history) => {
      if (!canTransition(history.at(-1) ?? 'accepted', to)) return [history];
      return mayBeMissing ? [history, [...history, to]] : [[...history, to]];
    });
  }
  const [certain = [], ...possible] = histories;
  return { certain, possible };
}

/** Whether the order itself may be gone, although it was acknowledged. */
export function mayOrderBeLost({ acknowledgements }: LedgerEntry, lostSpans: readonly LostSpan[]): boolean {
  return acknowledgements.every((acknowledgement) => mayBeLost(acknowledgement, lostSpans));
}
