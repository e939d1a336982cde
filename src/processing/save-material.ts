import type { BatchStore } from '../store/order-store.ts';
import { composeBatch, composePart, type Material } from './compose-batch.ts';
import { failureCounts } from './failure-counts.ts';
import { refuseFlood, type FailureCounts } from './flood-limit.ts';
import type { FailureRules } from './batch.ts';
import { saveBatch, type SavedBatch } from './save-batch.ts';

/**
 * Composes and saves.
 * @throws ServiceError `dead-letter-flood` when too much of it would become dead letters, and what saving throws
 */
export function saveMaterial(
  store: BatchStore,
  material: Material,
  { recent, rules }: { recent: FailureCounts; rules: FailureRules },
): Promise<SavedBatch> {
  const { decoded } = material;
  return saveBatch(store, {
    orderIds: [...new Set(decoded.map(({ command }) => command.orderId))],
    part: (orderIds) => composePart(material, orderIds),
    whole: (refused) => {
      const whole = composeBatch(material, refused);
      refuseFlood(recent, failureCounts(whole), rules.deadLetterFloodShare);
      return whole;
    },
  });
}
