import { hasCode, toError } from '../base/errors.ts';
import type { BatchStore, BatchToSave } from '../store/order-store.ts';

/** What was saved, and the sequence of its last change (0 without any). */
export interface SavedBatch {
  batch: BatchToSave;
  lastSequence: number;
}

/** A batch that can be made again without some of its orders. */
export interface DivisibleBatch {
  orderIds: readonly string[];
  /** The rows of these orders only: for a rehearsal, which is taken back. */
  part(orderIds: readonly string[]): BatchToSave;
  /** The whole batch; the records of refused orders become dead letters. @param refused order → why */
  whole(refused: ReadonlyMap<string, string>): BatchToSave;
}

/**
 * Saves a batch. One bad row never fails it (invariant 7): when the store refuses, the batch is halved until each bad
 * order stands alone, and is saved without them.
 * @throws ServiceError `store-refused` when it is refused although no order of it is
 */
export async function saveBatch(store: BatchStore, batch: DivisibleBatch): Promise<SavedBatch> {
  const whole = batch.whole(new Map());
  const saving = store.save(whole).then((lastSequence) => ({ batch: whole, lastSequence }));
  const refusal = await refusalOf(saving);
  if (refusal === undefined) return saving;
  const refused = await refusedOrders(batch.orderIds, (part) => refusalOf(store.dryRun(batch.part(part))));
  if (refused.size === 0) throw refusal;
  const rest = batch.whole(refused);
  return { batch: rest, lastSequence: await store.save(rest) };
}

/** Halves whatever is refused; a rehearsal costs what writing its half costs, so a bad order costs about two batches. */
async function refusedOrders(
  orderIds: readonly string[],
  dryRun: (orderIds: readonly string[]) => Promise<Error | undefined>,
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  const suspects = [orderIds];
  for (let suspect = suspects.pop(); suspect !== undefined; suspect = suspects.pop()) {
    const refusal = await dryRun(suspect);
    const [only] = suspect;
    if (refusal === undefined || only === undefined) continue;
    if (suspect.length === 1) {
      refused.set(only, refusal.message);
      continue;
    }
    const middle = suspect.length >> 1;
    suspects.push(suspect.slice(0, middle), suspect.slice(middle));
  }
  return refused;
}

/** Undefined when the rows are taken. */
async function refusalOf(writing: Promise<unknown>): Promise<Error | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'store-refused')) throw error;
    return toError(error);
  }
}
