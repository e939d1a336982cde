import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import type { EventCodec } from '../order/events.ts';
import type { AppliedRecord, BatchStore, LoadedState } from '../store/order-store.ts';
import type { Material } from './compose-batch.ts';
import { decodeBatch, type DecodedBatch } from './decode-batch.ts';
import { failAll, type RunProcessor } from './processor.ts';
import type { BatchRequest, BatchResult, FailureRules } from './batch.ts';
import { batchResult } from './batch-result.ts';
import { saveMaterial } from './save-material.ts';
import { attemptsOf } from './classify.ts';

export interface BatchDependencies {
  store: BatchStore;
  runProcessor: RunProcessor;
  codec: EventCodec;
  clock: Clock;
  rules: FailureRules;
}

/**
 * One batch from bytes to saved: decode → load → runProcessor → compose (classify, decide) → save. The answer has what is to be
 * published, that of redelivered records included (its first publication may have been lost in a crash).
 * @throws ServiceError `dead-letter-flood`, or whatever loading or saving throws: nothing of the batch is saved then
 */
export async function processBatch(
  { topic, frame: memory, applied, recent, poisonReason }: BatchRequest,
  { store, runProcessor, codec, clock, rules }: BatchDependencies,
): Promise<BatchResult> {
  const begunAt = clock();
  const batch = decodeBatch(memory, codec);
  const orderIds = [...new Set(batch.decoded.map(({ command }) => command.orderId))];
  const loadedState = await store.load(topic, [...batch.nextOffsets.keys()], orderIds);
  refuseGap(topic, applied, loadedState);

  const { decoded, undecodable, redelivered } = freshOf(batch, loadedState);
  await refuseForeignLog(topic, batch, loadedState, store);
  const notRetrying = decoded.filter(({ command }) => !loadedState.retrying.has(command.orderId));
  const attempts = attemptsOf(notRetrying, loadedState.orders, () => 1);
  const outcomes = await (poisonReason === undefined
    ? runProcessor(attempts)
    : failAll(attempts, poisonReason));
  const material: Material = {
    topic,
    frame: batch.frame,
    decoded,
    undecodable,
    loadedState,
    nextProgress: furthest(batch.nextOffsets, loadedState.progress),
    outcomes,
    isRetry: false,
    begunAt,
    now: clock(),
    policy: rules.retry,
    replayLimit: rules.replayLimit,
  };
  const isEmpty = decoded.length + undecodable.length === 0;
  const saved = isEmpty ? undefined : await saveMaterial(store, material, { recent, rules });
  const again = await store.effectsOf(topic, redelivered);
  const done = { saved, again, redelivered: redelivered.length, retrying: loadedState.retrying.values() };
  return batchResult(done, { codec, rules });
}

/** The store was set back (a restored backup): going on would leave a hole that nobody sees. */
function refuseGap(topic: string, applied: BatchRequest['applied'], loadedState: LoadedState): void {
  for (const [partition, next] of applied) {
    const stored = loadedState.progress.get(partition) ?? 0;
    if (stored >= next) continue;
    throw new ServiceError(
      'progress-gap',
      `${topic}/${partition} was applied up to offset ${next}, but the store now stands at ${stored}. ` +
        'Restart the service: it reads on from where the store stands.',
    );
  }
}

/**
 * An order that was placed below the progress has left a row, waits, or is a dead letter. One that left nothing stands in
 * a log that is not the one the store was filled from (a new or emptied one): to pass it over would lose it.
 */
async function refuseForeignLog(
  topic: string,
  { decoded }: DecodedBatch,
  { orders, retrying, progress }: LoadedState,
  store: BatchStore,
): Promise<void> {
  const traceless = decoded.filter(
    ({ position: { partition, offset }, command: { kind, orderId } }) =>
      kind === 'place' &&
      offset < (progress.get(partition) ?? 0) &&
      !orders.has(orderId) &&
      !retrying.has(orderId),
  );
  if (traceless.length === 0) return;
  const known = await store.withDeadLetters(traceless.map(({ command }) => command.orderId));
  const lost = traceless.find(({ command }) => !known.has(command.orderId));
  if (lost === undefined) return;
  const { partition, offset } = lost.position;
  throw new ServiceError(
    'log-truncated',
    `${topic}/${partition} holds order ${lost.command.orderId} at offset ${offset}, below what the store has applied ` +
      `(${progress.get(partition) ?? 0}), and the store has no trace of it: this is not the log that the store was ` +
      'filled from. Bring that log back, or start with an empty store, or with another KAFKA_TOPIC_PREFIX or DATA_DIR.',
  );
}

interface Fresh extends Pick<DecodedBatch, 'decoded' | 'undecodable'> {
  /** below the progress: applied before */
  redelivered: AppliedRecord[];
}

function freshOf({ decoded, undecodable }: DecodedBatch, { progress }: LoadedState): Fresh {
  const isFresh = ({ partition, offset }: Position) => offset >= (progress.get(partition) ?? 0);
  const redelivered: AppliedRecord[] = [];
  return {
    decoded: decoded.filter(({ position, command: { orderId } }) => {
      if (isFresh(position)) return true;
      redelivered.push({ orderId, position });
      return false;
    }),
    undecodable: undecodable.filter(({ record: { partition, offset } }) => {
      if (isFresh({ partition, offset })) return true;
      redelivered.push({ orderId: null, position: { partition, offset } });
      return false;
    }),
    redelivered,
  };
}

/** Progress never moves back, also when a part of the batch was applied before. */
function furthest(next: Map<number, number>, progress: ReadonlyMap<number, number>): Map<number, number> {
  return new Map(
    [...next].map(([partition, offset]) => [partition, Math.max(offset, progress.get(partition) ?? 0)]),
  );
}
