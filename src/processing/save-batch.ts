import { hasCode, toError } from '../base/errors.ts';
import type { BatchStore, BatchToSave } from '../store/order-store.ts';
import { onlyOrders, type BatchInput, type RetryInput } from './batch-input.ts';
import { composeBatch } from './compose-batch.ts';
import { orderIdsOf } from './decode-batch.ts';
import { failureCounts, refuseFlood, type FailureCounts } from './flood-limit.ts';

export interface SavedBatch {
  batch: BatchToSave;
  /** sequence of its last change; 0 without any */
  lastSequence: number;
}

/**
 * Composes and saves a batch.
 *
 * Invariant 7: one bad row never fails its batch. If the store refuses the batch, bisecting finds the bad orders, and the
 * batch is saved with dead letters in place of their rows.
 * @param recent counts of the last minute, for the flood limit
 * @throws ServiceError `dead-letter-flood`; `store-refused` if the store refuses the batch but none of its orders; or
 *   another error of `BatchStore.save`
 */
export async function saveBatch(
  store: BatchStore,
  input: BatchInput | RetryInput,
  recent: FailureCounts,
): Promise<SavedBatch> {
  const save = async (refused?: ReadonlyMap<string, string>) => {
    const batch = composeBatch(input, refused);
    refuseFlood(recent, failureCounts(batch), input.rules.deadLetterFloodShare);
    return { batch, lastSequence: await store.save(batch) };
  };
  const saving = save();
  const refusal = await refusalOf(saving);
  if (refusal === undefined) return saving;
  const refused = await findRefused(orderIdsOf(input.decoded), (orderIds) => {
    const part = onlyOrders(input, (orderId) => orderIds.has(orderId));
    return refusalOf(store.dryRun(composeBatch({ ...part, undecodable: [] })));
  });
  if (refused.size === 0) throw refusal;
  return save(refused);
}

/**
 * Bisects by dry runs. Cost: about two batch writes per bad order.
 * @returns order id → why the store refuses its rows
 */
async function findRefused(
  orderIds: string[],
  dryRun: (orderIds: ReadonlySet<string>) => Promise<Error | undefined>,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  const suspects = [orderIds];
  for (let suspect = suspects.pop(); suspect !== undefined; suspect = suspects.pop()) {
    const refusal = await dryRun(new Set(suspect));
    const [first] = suspect;
    if (refusal === undefined || first === undefined) continue;
    if (suspect.length === 1) {
      refused.set(first, refusal.message);
      continue;
    }
    const middle = suspect.length >> 1;
    suspects.push(suspect.slice(0, middle), suspect.slice(middle));
  }
  return refused;
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
