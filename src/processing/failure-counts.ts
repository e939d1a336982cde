import type { BatchToSave } from '../store/order-store.ts';
import type { FailureCounts } from './flood-limit.ts';

/**
 * What a batch says of the health of the whole: records with an outcome, and those of them that failed for good; also
 * those that are no events, since a worker of the wrong version takes every record for one of them. A replay
 * that fails again adds no dead letter, it was one; events that follow their order into the dead letters were never
 * tried; and what waits has no outcome yet.
 */
export function failureCounts({ decision, deadLetters }: BatchToSave): FailureCounts {
  const failed = deadLetters.filter(
    ({ replayOf, reason }) => replayOf === undefined && reason !== 'predecessor-failed',
  ).length;
  const { changes, rejections } = decision;
  const failedOrders = changes.filter(({ status }) => status === 'failed').length;
  return { records: changes.length - failedOrders + rejections.length + failed, deadLetters: failed };
}
