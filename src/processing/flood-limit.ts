import { ServiceError } from '../base/errors.ts';
import type { BatchToSave } from '../store/order-store.ts';

/** Records that have an outcome, and how many of them failed for good. */
export interface FailureCounts {
  records: number;
  deadLetters: number;
}

/** Below this many records their share of failures says nothing. */
const FEWEST_RECORDS = 100;

/**
 * What a batch adds to the counts. Undecodable records count: a worker of the wrong version takes every record for one.
 * Not counted: a replay that fails again (it is a dead letter already), events behind a failed one (never tried), and
 * events that wait for a retry (no outcome yet).
 */
export function failureCounts({ decision, deadLetters }: BatchToSave): FailureCounts {
  const failed = deadLetters.filter(
    ({ replayOf, reason }) => replayOf === undefined && reason !== 'predecessor-failed',
  ).length;
  const { changes, rejections } = decision;
  const failedOrders = changes.filter(({ status }) => status === 'failed').length;
  return { records: changes.length - failedOrders + rejections.length + failed, deadLetters: failed };
}

/**
 * Whether so much fails that the orders are unlikely to be the cause (a broken processor is): the share of dead letters
 * exceeds the allowed one in this batch, and in this batch and the last minute together. A healthy batch always passes.
 * @param recent the last minute, without this batch
 * @param allowedShare above 0; 1 turns the limit off
 */
export function isFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): boolean {
  const all = sum(recent, batch);
  if (allowedShare >= 1 || all.records < FEWEST_RECORDS) return false;
  return [all, batch].every(({ records, deadLetters }) => deadLetters > allowedShare * records);
}

/** @throws ServiceError `dead-letter-flood` for a batch that must not be saved as it is */
export function refuseFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): void {
  if (!isFlood(recent, batch, allowedShare)) return;
  const { records, deadLetters } = sum(recent, batch);
  throw new ServiceError(
    'dead-letter-flood',
    `${percent(deadLetters / records)} of the last ${records} records would be dead letters, more than the allowed ` +
      `${percent(allowedShare)}: they are deferred and retried. Fix the processor, or whatever writes records ` +
      'that are not events of this service; or raise DEAD_LETTER_FLOOD_PERCENT and restart.',
  );
}

function sum(one: FailureCounts, other: FailureCounts): FailureCounts {
  return { records: one.records + other.records, deadLetters: one.deadLetters + other.deadLetters };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
