import { hasCode, toError } from '../base/errors.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { BatchStore } from '../store/order-store.ts';
import { batchResult } from './batch-result.ts';
import type { Material } from './compose-batch.ts';
import { decodeBatch } from './decode-batch.ts';
import type { FailureCounts } from './flood-limit.ts';
import { deferFlood } from './defer-flood.ts';
import type { BatchDependencies } from './process-batch.ts';
import { failAll } from './processor.ts';
import type { BatchResult, FailureRules, RetryRequest } from './batch.ts';
import type { SavedBatch } from './save-batch.ts';
import { saveMaterial } from './save-material.ts';
import { attemptsOf } from './classify.ts';

/**
 * Tries again the retrying orders that are due: their events in order, as if they had just come. An order that fails
 * once more waits on with all of them; else they are decided, or given up, together.
 *
 * What it causes stands below the progress, so the log does not deliver it again after a crash. Therefore the orders
 * are remembered until it is published (`completed`): the next run forgets them, in the transaction that it has anyway. What
 * an owner before left so is published first.
 * @throws ServiceError as `processBatch`
 */
export async function retryOrders(
  { topic, partitions, limit, published, recent, poisonReason }: RetryRequest,
  { store, runProcessor, codec, clock, rules }: BatchDependencies,
): Promise<BatchResult> {
  const begunAt = clock();
  const due = await store.loadDue({ topic, partitions, now: begunAt, limit, published });
  const { orders, loadedState, unpublished, nextDueAt } = due;
  const again = await store.effectsOfRetries(unpublished);
  const { frame, decoded, undecodable } = decodeBatch(
    encodeRecordFrame(orders.flatMap(({ events }) => events)),
    codec,
  );
  const attemptOf = (orderId: string) => (loadedState.retrying.get(orderId)?.attempts ?? 0) + 1;
  const attempts = attemptsOf(decoded, loadedState.orders, attemptOf);
  const outcomes = await (poisonReason === undefined
    ? runProcessor(attempts)
    : failAll(attempts, poisonReason));
  const material: Material = {
    topic,
    frame,
    decoded,
    undecodable,
    loadedState,
    nextProgress: loadedState.progress,
    outcomes,
    isRetry: true,
    published,
    begunAt,
    now: clock(),
    policy: rules.retry,
    replayLimit: rules.replayLimit,
  };
  const { saved, flood } = await saveOrHoldBack(store, material, { recent, rules });
  const result = batchResult({ saved, again, redelivered: 0, retrying: [] }, { codec, rules });
  const dueTimes = [nextDueAt, result.retryAt].filter((time) => time !== undefined);
  return {
    ...result,
    completed: [...unpublished, ...(saved?.batch.retryChanges.completed ?? []).map(({ orderId }) => orderId)],
    retryAt: dueTimes.length === 0 ? undefined : Math.min(...dueTimes),
    flood,
  };
}

interface Saved {
  saved: SavedBatch | undefined;
  /** why orders were held back that would have become dead letters */
  flood?: string;
}

/** Retries that would flood the dead letters wait on as they are, with no attempt spent, and hold no other order up. */
async function saveOrHoldBack(
  store: BatchStore,
  material: Material,
  { recent, rules }: { recent: FailureCounts; rules: FailureRules },
): Promise<Saved> {
  const { loadedState, published = [] } = material;
  if (loadedState.retrying.size === 0) {
    if (published.length > 0) await store.purgeCompleted(published);
    return { saved: undefined };
  }
  try {
    return { saved: await saveMaterial(store, material, { recent, rules }) };
  } catch (error) {
    if (!hasCode(error, 'dead-letter-flood')) throw error;
    const saved = await saveMaterial(store, deferFlood(material), { recent, rules });
    return { saved, flood: toError(error).message };
  }
}
