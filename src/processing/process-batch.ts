import type { Clock, MonotonicClock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import { formatPosition, type Position } from '../base/position.ts';
import { mismatchError } from '../log/log-mismatch.ts';
import type { EventCodec } from '../order/events.ts';
import type { DeadLetter, FailedRecord } from '../store/dead-letter.ts';
import type { AppliedRecord, BatchStore, LoadedState } from '../store/order-store.ts';
import type { BatchRequest, BatchResult, FailureRules } from './batch.ts';
import type { BatchInput } from './batch-input.ts';
import { batchResult } from './batch-result.ts';
import type { ThreadTracing } from './batch-trace.ts';
import { composeDeadLetters } from './dead-letters.ts';
import { decodeBatch, orderIdsOf, type DecodedBatch } from './decode-batch.ts';
import { findAttempts } from './find-attempts.ts';
import type { RunProcessor } from './processor.ts';
import { NO_ANSWERS, NO_DETACHED_CALLS, runAttempts } from './run-attempts.ts';
import { saveBatch } from './save-batch.ts';
import { TracedBatch } from './traced-batch.ts';

export interface BatchDependencies {
  store: BatchStore;
  runProcessor: RunProcessor;
  /** as `runProcessor`, but no call is detached from the batch */
  runPatiently: RunProcessor;
  codec: EventCodec;
  clock: Clock;
  monotonicClock: MonotonicClock;
  rules: FailureRules;
  /** orders with a detached call in a thread of this process */
  detachedCalls?: ReadonlySet<string> | undefined;
  /** undefined: tracing is off */
  tracing?: ThreadTracing | undefined;
}

/**
 * One batch from bytes to saved rows: decode → load → run the processor → classify → decide → compose → save. Safe to
 * repeat after an error.
 *
 * Invariant 3: a redelivered or zombie batch changes nothing. Records below the stored progress are not decided again;
 * their effects are published again, in case a crash prevented it. The progress is saved in the batch's own transaction,
 * which fails if the progress has changed since it was loaded.
 * @throws ServiceError `progress-gap`, `log-mismatch`, and as `saveBatch`
 */
export async function processBatch(
  { topic, frame: memory, applied, recent, poisonReason, answers = NO_ANSWERS }: BatchRequest,
  dependencies: BatchDependencies,
): Promise<BatchResult> {
  const {
    store,
    runProcessor,
    codec,
    clock,
    rules,
    detachedCalls = NO_DETACHED_CALLS,
    tracing,
  } = dependencies;
  const traced = tracing && new TracedBatch(tracing);
  const batch = decodeBatch(memory, codec);
  const { frame, nextOffsets, lastRecords } = batch;
  const loadedState = await store.load(topic, [...nextOffsets.keys()], orderIdsOf(batch.decoded));
  traced?.loaded();
  refuseGap(topic, applied, loadedState);
  await refuseForeignLog(topic, batch, loadedState, store);
  const { decoded, undecodable, redelivered } = splitByProgress(batch, loadedState);

  const { orders, retrying, progress } = loadedState;
  const attempts = findAttempts(decoded, orders, (orderId) => (retrying.has(orderId) ? undefined : 1));
  const outcomes = await runAttempts(attempts, { answers, detachedCalls }, { runProcessor, poisonReason });
  traced?.processed();

  const input: BatchInput = {
    kind: 'batch',
    topic,
    frame,
    decoded,
    undecodable,
    loadedState,
    nextProgress: furthest(nextOffsets, progress),
    lastRecords,
    outcomes,
    now: clock(),
    rules,
  };
  const isEmpty = decoded.length + undecodable.length === 0;
  const saved = isEmpty ? undefined : await saveBatch(store, input, recent);
  const trace = traced?.saved(frame, decoded, saved);

  const { changes, deadLetters } = await store.effectsOf(topic, redelivered);
  const redeliveredEffects = {
    changes,
    deadLetters: [...deadLetters, ...unstoredAmong(input, batch, deadLetters)],
  };
  const result = batchResult(
    { saved, redeliveredEffects, redelivered: redelivered.length, retrying: retrying.values(), trace },
    { codec, rules },
  );
  return { ...result, answered: [...outcomes.keys()].filter((orderId) => answers.has(orderId)) };
}

/**
 * Redelivered records that belong to no order and have no row because the store refused them (`makeStorable`). A crash may have
 * prevented their copies on `orders.dlq`, which are all that is kept of them.
 */
function unstoredAmong(
  input: BatchInput,
  { undecodable }: DecodedBatch,
  stored: FailedRecord[],
): DeadLetter[] {
  const positions = new Set(stored.map(({ record }) => formatPosition(record)));
  const { progress } = input.loadedState;
  const lost = undecodable.filter(
    ({ record, replay }) =>
      replay === undefined &&
      record.offset < (progress.get(record.partition) ?? 0) &&
      !positions.has(formatPosition(record)),
  );
  return composeDeadLetters({ ...input, undecodable: lost }, []);
}

/** How much the clock of the process that accepted an order may have been ahead of the one that processed it. */
const CLOCK_DIFFERENCE_MS = 3_600_000;

/** Refuses a store that has lost rows (a restored backup, for example): to continue would leave an unnoticed gap. */
function refuseGap(topic: string, applied: BatchRequest['applied'], { progress }: LoadedState): void {
  for (const [partition, next] of applied) {
    const stored = progress.get(partition) ?? 0;
    if (stored >= next) continue;
    throw new ServiceError(
      'progress-gap',
      `${topic}/${partition} was applied up to offset ${next}, but the store is now at ${stored}. ` +
        'Restart the service: it continues from the offset in the store.',
    );
  }
}

/**
 * An order placed below the progress has a row, is retrying, or is a dead letter, unless retention has deleted it because its
 * last change, and so its placing, was long ago. If the store does not know it, the log
 * was replaced or emptied since the store was filled, and skipping the order would lose it. The comparison at start detects
 * this too, except for progress that an older version saved without a check value.
 */
async function refuseForeignLog(
  topic: string,
  { decoded }: DecodedBatch,
  { orders, retrying, progress }: LoadedState,
  store: BatchStore,
): Promise<void> {
  const unknown = decoded.filter(
    ({ position: { partition, offset }, command: { kind, orderId } }) =>
      kind === 'place' &&
      offset < (progress.get(partition) ?? 0) &&
      !orders.has(orderId) &&
      !retrying.has(orderId),
  );
  if (unknown.length === 0) return;
  const deadLettered = await store.orderIdsWithDeadLetters(unknown.map(({ command }) => command.orderId));
  const deletedBefore = await store.deletedBefore();
  const keptSince = deletedBefore === 0 ? -Infinity : deletedBefore + CLOCK_DIFFERENCE_MS;
  const lost = unknown.find(
    ({ command: { orderId, time } }) => !deadLettered.has(orderId) && time >= keptSince,
  );
  if (lost === undefined) return;
  const { partition, offset } = lost.position;
  throw mismatchError(
    `${topic}/${partition} has order ${lost.command.orderId} at offset ${offset}. The store has applied all records ` +
      `before offset ${progress.get(partition) ?? 0} but does not know this order, so it was filled from another log`,
  );
}

interface SplitBatch extends Pick<DecodedBatch, 'decoded' | 'undecodable'> {
  /** below the progress: applied before */
  redelivered: AppliedRecord[];
}

function splitByProgress({ decoded, undecodable }: DecodedBatch, { progress }: LoadedState): SplitBatch {
  const redelivered: AppliedRecord[] = [];
  const isNew = (orderId: string | null, position: Position) => {
    if (position.offset >= (progress.get(position.partition) ?? 0)) return true;
    redelivered.push({ orderId, position });
    return false;
  };
  return {
    decoded: decoded.filter(({ position, command }) => isNew(command.orderId, position)),
    undecodable: undecodable.filter(({ record: { partition, offset } }) =>
      isNew(null, { partition, offset }),
    ),
    redelivered,
  };
}

/** Progress never moves back, even if part of the batch was applied before. */
function furthest(next: Map<number, number>, progress: ReadonlyMap<number, number>): Map<number, number> {
  return new Map(
    [...next].map(([partition, offset]) => [partition, Math.max(offset, progress.get(partition) ?? 0)]),
  );
}
