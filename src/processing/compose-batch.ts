import { decide } from '../order/decide.ts';
import type { BatchToSave } from '../store/order-store.ts';
import { noRetryChanges, type RetryingOrder, type RetryChanges } from '../store/retries.ts';
import { failuresOf, lateMsOf, type BatchInput, type RetryInput } from './batch-input.ts';
import { classify, type Classification } from './classify.ts';
import { composeDeadLetters, resolvedDeadLetters } from './dead-letters.ts';
import type { DecodedRecord } from './decode-batch.ts';

/**
 * Everything to save for a batch or a run of retries: classify → decide → compose. Pure except for the jitter of the due
 * times.
 * @param refused order id → why the store refuses its rows: its events become dead letters instead
 */
export function composeBatch(
  input: BatchInput | RetryInput,
  refused: ReadonlyMap<string, Error> = new Map(),
): BatchToSave {
  const { topic, frame, loadedState, nextProgress, lastRecords, now } = input;
  const classified = classify(input, refused);
  const progress = input.kind === 'batch' ? loadedState.progress : NO_PROGRESS;
  const decision = decide(loadedState.orders, progress, classified.commands, now);
  return {
    topic,
    decision,
    deadLetters: composeDeadLetters(input, classified.failed),
    resolved: resolvedDeadLetters(classified.replays, frame, decision, now),
    retryChanges: input.kind === 'batch' ? startRetries(input, classified) : finishRetries(input, classified),
    loadedProgress: loadedState.progress,
    nextProgress,
    lastRecords,
  };
}

/** Retried events are below the progress, but must be decided. */
const NO_PROGRESS: ReadonlyMap<number, number> = new Map();

/**
 * Orders of this batch that failed temporarily, or whose call is detached or lost, and events to queue behind orders that were retrying
 * already.
 */
function startRetries({ frame, loadedState, now }: BatchInput, classified: Classification): RetryChanges {
  const changes = noRetryChanges();
  const queue = ({ index, command: { orderId } }: DecodedRecord) => {
    changes.events.push({ orderId, record: frame.record(index) });
  };
  for (const [
    orderId,
    { error, detail, order, dueAt, hasFailed, unanswered, records },
  ] of classified.retries) {
    const { customerId, merchantId } = order;
    const partition = records[0]?.position.partition ?? 0;
    const attempts = hasFailed ? 1 : 0;
    const times = { firstFailedAt: now, failedAt: now, dueAt, lateMs: 0 };
    changes.added.push({
      orderId,
      partition,
      attempts,
      events: records.length,
      error,
      ...times,
      unanswered,
      detail,
      customerId,
      merchantId,
    });
    records.forEach(queue);
  }
  const appended = new Map<RetryingOrder, number>();
  for (const record of classified.queued) {
    const loaded = loadedState.retrying.get(record.command.orderId);
    if (loaded !== undefined) appended.set(loaded, (appended.get(loaded) ?? 0) + 1);
    queue(record);
  }
  for (const [loaded, events] of appended) changes.appended.push({ loaded, events });
  return changes;
}

/** Orders that failed again, or whose call goes on or was lost, are rescheduled; all others are completed. */
function finishRetries(input: RetryInput, { retries }: Classification): RetryChanges {
  const { loadedState, deferred, published, now } = input;
  const changes = noRetryChanges();
  changes.rescheduled.push(...deferred);
  for (const loaded of loadedState.retrying.values()) {
    const retry = retries.get(loaded.orderId);
    if (retry === undefined) {
      changes.completed.push(loaded);
      continue;
    }
    const { error, detail, dueAt, hasFailed, unanswered } = retry;
    const next = hasFailed
      ? { ...loaded, ...failuresOf(input, loaded.orderId), error, detail, failedAt: now, dueAt, unanswered }
      : { ...loaded, error, dueAt, lateMs: lateMsOf(input, loaded), unanswered };
    changes.rescheduled.push({ loaded, next });
  }
  changes.purged = published;
  return changes;
}
