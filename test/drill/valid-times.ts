import type { LostSpan } from './lost-spans.ts';

/** Offsets from one order of a valid run to the next: room for its transitions. */
export const STEP = 10;

const MS_PER_OFFSET = 100;

/** The orders that were acknowledged between a backup and the moment when it was put back. */
const LOST_ORDERS = { from: 200, to: 219 };

/** When the record at this offset was acknowledged, drill time. */
export function timeOf(offset: number): number {
  return 1_000 + offset * MS_PER_OFFSET;
}

export function isLost(number: number): boolean {
  return number >= LOST_ORDERS.from && number <= LOST_ORDERS.to;
}

export function lostSpan(): LostSpan {
  const after = timeOf(LOST_ORDERS.from * STEP) - 1;
  const until = timeOf((LOST_ORDERS.to + 1) * STEP) - 1;
  return { after, takenBy: after, until, lost: 'everything', isRestore: true };
}
