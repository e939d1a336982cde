import type { PartitionOwners } from '../store/partition-owners.ts';
import type { BatchRequest } from './batch.ts';
import type { BatchDependencies } from './process-batch.ts';
import type { Attempt } from './outcome.ts';
import { failAll } from './processor.ts';

/**
 * How often the process must end while it processes an isolated order before the order fails. Twice may be a coincidence:
 * something else may kill the process again and again while a slow order is processed.
 */
const ENDS_UNTIL_POISON = 3;

export const PROCESS_POISON_REASON = `The process ended ${ENDS_UNTIL_POISON} times while it processed only this order.`;

/**
 * Runs a batch or a run of retries so that an order that ends the whole process is found: if the processor is called for a
 * single order, the store records it before the call and clears it after the work. An order that was recorded when several
 * processes ended fails without another call.
 * @param isolatedOrdersOf the owner to record it for; undefined: nothing is recorded
 * @throws as `work`
 */
export async function recordingIsolatedOrders<D extends BatchDependencies, T>(
  { topic, isolatedOrdersOf: owner }: Pick<BatchRequest, 'topic' | 'isolatedOrdersOf'>,
  dependencies: D,
  work: (dependencies: D) => Promise<T>,
): Promise<T> {
  if (owner === undefined) return work(dependencies);
  const { store } = dependencies;
  const recorded: string[] = [];
  const runProcessor = async (calls: Iterable<Attempt>) => {
    const attempts = [...calls];
    const [only] = attempts;
    if (only === undefined || attempts.length > 1) return dependencies.runProcessor(attempts);
    const { orderId } = only.command;
    const uncleanEnds = await store.recordIsolated({ orderId, topic, partition: only.partition, owner });
    recorded.push(orderId);
    return uncleanEnds < ENDS_UNTIL_POISON
      ? dependencies.runProcessor(attempts)
      : failAll(attempts, PROCESS_POISON_REASON);
  };
  try {
    return await work({ ...dependencies, runProcessor, runPatiently: runProcessor });
  } finally {
    await clearAll(store, recorded);
  }
}

async function clearAll(
  store: Pick<PartitionOwners, 'clearIsolated'>,
  orderIds: readonly string[],
): Promise<void> {
  for (const orderId of orderIds) await store.clearIsolated(orderId);
}
