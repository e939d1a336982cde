import { ServiceError } from '../base/errors.ts';

/** What became of records: `deadLetters` of these `records` failed for good. */
export interface FailureCounts {
  records: number;
  deadLetters: number;
}

/** Of fewer records no share can be told. */
const FEWEST_RECORDS = 100;

/**
 * Whether so much fails that it is not the orders' fault (a broken processor, most likely): the share of dead letters is
 * above the allowed one over all records, and among those of the batch. A batch that is well is never held back.
 * @param recent of the last minute, the batch not among them
 * @param allowedShare above 0; 1 turns the limit off
 */
export function isFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): boolean {
  const all = together(recent, batch);
  if (allowedShare >= 1 || all.records < FEWEST_RECORDS) return false;
  return [all, batch].every(({ records, deadLetters }) => deadLetters > allowedShare * records);
}

/** @throws ServiceError `dead-letter-flood` for a batch that must not be saved as it was decided */
export function refuseFlood(recent: FailureCounts, batch: FailureCounts, allowedShare: number): void {
  if (!isFlood(recent, batch, allowedShare)) return;
  const { records, deadLetters } = together(recent, batch);
  throw new ServiceError(
    'dead-letter-flood',
    `${percent(deadLetters / records)} of the last ${records} records would be dead letters, more than the ` +
      `${percent(allowedShare)} that are allowed: they are held back and tried again. Fix the processor, or whatever writes ` +
      'records that are no events, or raise DEAD_LETTER_FLOOD_PERCENT and restart.',
  );
}

function together(one: FailureCounts, other: FailureCounts): FailureCounts {
  return { records: one.records + other.records, deadLetters: one.deadLetters + other.deadLetters };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
