import { encodeRecordFrame } from '../base/record-frame.ts';
import { batchResult } from './batch-result.ts';
import type { Material } from './compose-batch.ts';
import { decodeBatch } from './decode-batch.ts';
import type { BatchDependencies } from './process-batch.ts';
import { condemn } from './processor.ts';
import type { BatchResult, RetryRequest } from './protocol.ts';
import { saveMaterial } from './save-material.ts';
import { casesOf } from './triage.ts';

/**
 * Tries again the parked orders that are due: their events in order, as if they had just come. An order that fails
 * once more waits on with all of them; else they are decided, or given up, together.
 *
 * What it causes stands below the progress, so the log does not deliver it again after a crash. Therefore the orders
 * are remembered until it is published (`settled`), and what an earlier run left so is published first.
 * @throws ServiceError as `processBatch`
 */
export async function retryParked(
  { topic, partitions, limit, recent, condemned }: RetryRequest,
  { store, judge, codec, clock, rules }: BatchDependencies,
): Promise<BatchResult> {
  const { orders, present, unpublished, nextDueAt } = await store.loadDue(topic, partitions, clock(), limit);
  const again = await store.causedByRetries(unpublished);
  const { frame, decoded, undecodable } = decodeBatch(
    encodeRecordFrame(orders.flatMap(({ events }) => events)),
    codec,
  );
  const attemptOf = (orderId: string) => (present.parked.get(orderId)?.attempts ?? 0) + 1;
  const cases = casesOf(decoded, present.orders, attemptOf);
  const judgements = await (condemned === undefined ? judge(cases) : condemn(cases, condemned));
  const material: Material = {
    topic,
    frame,
    decoded,
    undecodable,
    present,
    nextProgress: present.progress,
    judgements,
    isRetry: true,
    now: clock(),
    policy: rules.retry,
    replayLimit: rules.replayLimit,
  };
  const saved = orders.length === 0 ? undefined : await saveMaterial(store, material, { recent, rules });
  const result = batchResult({ saved, again, redelivered: 0, parked: [] }, { codec, rules });
  const dueTimes = [nextDueAt, result.retryAt].filter((time) => time !== undefined);
  return {
    ...result,
    settled: [...unpublished, ...(saved?.parking.settled ?? []).map(({ orderId }) => orderId)],
    retryAt: dueTimes.length === 0 ? undefined : Math.min(...dueTimes),
  };
}
