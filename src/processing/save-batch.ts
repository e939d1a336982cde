import { hasCode, toError } from '../base/errors.ts';
import type { BatchStore, BatchToSave } from '../store/order-store.ts';
import { onlyOrders, type BatchInput, type RetryInput } from './batch-input.ts';
import { composeBatch } from './compose-batch.ts';
import { orderIdsOf } from './decode-batch.ts';
import { findRefused } from './find-refused.ts';
import { failureCounts, refuseFlood, type FailureCounts } from './flood-limit.ts';
import { makeStorable, type UnstoredRecord } from './storable-dead-letters.ts';

export interface SavedBatch {
  /** what was decided; the store may have less of a dead letter that it refused */
  batch: BatchToSave;
  /** sequence of its last change; 0 without any */
  lastSequence: number;
  unstored: UnstoredRecord[];
}

/**
 * Composes and saves a batch.
 *
 * Invariant 7: one bad row never fails its batch. If the store refuses the batch, bisecting finds the bad orders and the bad
 * dead letters. The batch is saved with dead letters in place of the orders, and with less in place of the dead letters.
 * @param recent counts of the last minute, for the flood limit
 * @throws ServiceError `dead-letter-flood`; `store-refused` if the store refuses the batch but none of its rows; or another
 *   error of `BatchStore.save`
 */
export async function saveBatch(
  store: BatchStore,
  input: BatchInput | RetryInput,
  recent: FailureCounts,
): Promise<SavedBatch> {
  const compose = (refusedOrders?: ReadonlyMap<string, Error>) => {
    const batch = composeBatch(input, refusedOrders);
    refuseFlood(recent, failureCounts(batch), input.rules.deadLetterFloodShare);
    return batch;
  };
  const first = compose();
  const saving = store.save(first);
  const refusal = await refusalOf(saving);
  if (refusal === undefined) return { batch: first, lastSequence: await saving, unstored: [] };
  const refusedOrders = await findRefused(orderIdsOf(input.decoded), (orderIds) => {
    const wanted = new Set(orderIds);
    const part = onlyOrders(input, (orderId) => wanted.has(orderId));
    return refusalOf(store.dryRun(composeBatch({ ...part, undecodable: [] })));
  });
  const batch = refusedOrders.size === 0 ? first : compose(refusedOrders);
  const { deadLetters, unstored, changed } = await makeStorable(batch, (part) =>
    refusalOf(store.dryRun(part)),
  );
  if (refusedOrders.size === 0 && !changed) throw refusal;
  return { batch, lastSequence: await store.save({ ...batch, deadLetters }), unstored };
}

/** The store's `store-refused` error; undefined if it accepts the rows. */
async function refusalOf(writing: Promise<unknown>): Promise<Error | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'store-refused')) throw error;
    return toError(error);
  }
}
