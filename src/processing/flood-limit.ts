import { ServiceError } from '../base/errors.ts';
import type { BatchToSave } from '../store/order-store.ts';

/** Records that have an outcome, and how many of them failed for good. */
export interface FailureCounts {
  records: number;
  deadLetters: number;
}

/** Minimum sample size, in records. */
const MIN_SAMPLE = 100;

/**
 * What a batch adds to the counts. Undecodable records count, because a worker of the wrong version cannot decode any.
 * Not counted: replays that fail again (they are dead letters already), events queued behind a failed one (never
 * attempted), and events that wait for a retry (no outcome yet).
 */
export function failureCounts({ decision, deadLetters }: BatchToSave): FailureCounts {
  const failed = deadLetters.filter(
    ({ replayOf, reason }) => replayOf === undefined && reason !== 'predecessor-failed',
  ).length;
  const { changes, refused } = decision;
  const failedOrders = changes.filter(({ status }) => status === 'failed').length;
  return { records: changes.length - failedOrders + refused.length + failed, deadLetters: failed };
}

/**
 * Whether so many records fail that the likely cause is the processor, not the orders: the share of dead letters exceeds
 * the limit in this batch alone, and in this batch and the last minute together. A healthy batch always passes.
 * @param recent counts of the last minute, without this batch
 * @param allowedShare above 0; 1 turns the limit off
 */
export function isFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): boolean {
  const all = sum(recent, batch);
  if (allowedShare >= 1 || all.records < MIN_SAMPLE) return false;
  return [all, batch].every(({ records, deadLetters }) => deadLetters > allowedShare * records);
}

/** @throws ServiceError `dead-letter-flood` if this batch must not be saved */
export function refuseFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): void {
  if (!isFlood(recent, batch, allowedShare)) return;
  const { records, deadLetters } = sum(recent, batch);
  throw new ServiceError(
    'dead-letter-flood',
    `${percent(deadLetters / records)} of the last ${records} records would become dead letters; the limit is ` +
      `${percent(allowedShare)}: they are deferred and retried. Fix the processor, or the program that writes records ` +
      'that are not events of this service; or raise DEAD_LETTER_FLOOD_PERCENT and restart.',
  );
}

function sum(one: FailureCounts, other: FailureCounts): FailureCounts {
  return { records: one.records + other.records, deadLetters: one.deadLetters + other.deadLetters };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
