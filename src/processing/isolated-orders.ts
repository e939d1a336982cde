import type { BatchRequest } from './batch.ts';
import type { BatchDependencies } from './process-batch.ts';
import type { Attempt, Outcome } from './outcome.ts';
import { failAll } from './processor.ts';

/** How often the process must end while it processes an order before the order fails. The first time others may be the cause. */
const ENDS_UNTIL_POISON = 3;

export const PROCESS_POISON_REASON = `The process ended ${ENDS_UNTIL_POISON} times while it processed this order, and all but the first time only this one.`;

/**
 * Runs a batch or a run of retries so that an order that ends the whole process is found: the store records for which orders
 * the processor is called, before the calls, and clears them afterwards. An order that was recorded when its process ended is
 * called alone from then on. If the process ends again and again, the order fails without another call.
 * @param isolatedOrdersOf the owner to record the orders for; undefined: nothing is recorded
 * @throws as `work`
 */
export async function recordingIsolatedOrders<D extends BatchDependencies, T>(
  { topic, isolatedOrdersOf: owner }: Pick<BatchRequest, 'topic' | 'isolatedOrdersOf'>,
  dependencies: D,
  work: (dependencies: D) => Promise<T>,
): Promise<T> {
  if (owner === undefined) return work(dependencies);
  const { store } = dependencies;
  let recorded: string[] = [];
  const clearRecorded = async () => {
    if (recorded.length > 0) await store.clearIsolated(recorded);
    recorded = [];
  };
  const runRecorded = async (attempts: readonly Attempt[]): Promise<Map<string, Outcome>> => {
    await clearRecorded();
    const orders = new Map(attempts.map(({ command, partition }) => [command.orderId, partition]));
    const uncleanEnds = await store.recordIsolated({ topic, owner, orders });
    recorded = [...orders.keys()];
    const isPoison = [...uncleanEnds.values()].some((ends) => ends >= ENDS_UNTIL_POISON);
    return isPoison ? failAll(attempts, PROCESS_POISON_REASON) : dependencies.runProcessor(attempts);
  };
  const runProcessor = async (calls: Iterable<Attempt>): Promise<Map<string, Outcome>> => {
    const attempts = [...calls];
    const ids = attempts.map(({ command }) => command.orderId);
    const suspects = await store.suspectsAmong(ids, owner);
    const others = attempts.filter(({ command }) => !suspects.has(command.orderId));
    const outcomes = others.length > 0 ? await runRecorded(others) : new Map<string, Outcome>();
    for (const attempt of attempts) {
      if (!suspects.has(attempt.command.orderId)) continue;
      for (const [orderId, outcome] of await runRecorded([attempt])) outcomes.set(orderId, outcome);
    }
    return outcomes;
  };
  try {
    return await work({ ...dependencies, runProcessor, runPatiently: runProcessor });
  } finally {
    await clearRecorded();
  }
}
