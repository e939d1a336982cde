import { nextAttemptAt, type Failures, type RetryPolicy } from '../base/backoff.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import { decide } from '../order/decide.ts';
import type { DeadLetter } from '../store/dead-letter.ts';
import type { BatchToSave, LoadedState } from '../store/order-store.ts';
import { noRetryChanges, type QueuedEvent, type RetryingOrder, type RetryChanges } from '../store/retries.ts';
import type { DecodedRecord, UndecodableRecord } from './decode-batch.ts';
import { resolvedDeadLetters, toDeadLetter, type Failure } from './dead-letters.ts';
import type { Outcome } from './processor.ts';
import { classify, type Classification } from './classify.ts';

/** Everything that a batch is made of, once its orders are loaded and decided. */
export interface Material {
  topic: string;
  frame: RecordFrame;
  decoded: readonly DecodedRecord[];
  undecodable: readonly UndecodableRecord[];
  loadedState: LoadedState;
  nextProgress: ReadonlyMap<number, number>;
  outcomes: ReadonlyMap<string, Outcome>;
  /** these records waited in the store and are tried again; else they came from the log */
  isRetry: boolean;
  /** of a retry: orders that are not tried now and wait on */
  deferred?: RetryChanges['rescheduled'];
  /** of a retry: orders that an earlier one completed, to be forgotten */
  published?: readonly string[];
  /** milliseconds since the epoch, as is `now`: when it was taken up */
  begunAt: number;
  now: number;
  policy: RetryPolicy;
  replayLimit: number;
}

/**
 * The whole batch as it is to be saved. Pure but for the jitter of the due times.
 * @param refused order → why the store does not take its rows: its records become dead letters
 */
export function composeBatch(material: Material, refused: ReadonlyMap<string, string>): BatchToSave {
  const { decoded, undecodable } = material;
  const isRefused = ({ command }: DecodedRecord) => refused.has(command.orderId);
  const taken = refused.size === 0 ? decoded : decoded.filter((entry) => !isRefused(entry));
  const batch = composeRecords(material, taken);
  for (const { record, error, replay } of undecodable) {
    const orderId = null;
    batch.deadLetters.push(
      letter(material, { record, orderId, replay, reason: 'record-undecodable', error }),
    );
  }
  for (const entry of refused.size === 0 ? [] : decoded.filter(isRefused)) {
    const error = refused.get(entry.command.orderId) ?? '';
    batch.deadLetters.push(letter(material, failureOf(material, entry, 'store-refused', error)));
  }
  if (material.isRetry) {
    const orders = [...material.loadedState.retrying.values()];
    batch.retryChanges.completed = orders.filter(({ orderId }) => !isWaitingOn(batch.retryChanges, orderId));
    batch.retryChanges.purged = material.published ?? [];
  }
  return batch;
}

/** The rows of some orders only. */
export function composePart(material: Material, orderIds: readonly string[]): BatchToSave {
  const wanted = new Set(orderIds);
  return composeRecords(
    material,
    material.decoded.filter(({ command }) => wanted.has(command.orderId)),
  );
}

function composeRecords(material: Material, records: readonly DecodedRecord[]): BatchToSave {
  const { topic, loadedState, nextProgress, outcomes, isRetry, now, policy } = material;
  const isBehind = ({ command }: DecodedRecord) => !isRetry && loadedState.retrying.has(command.orderId);
  const behind = loadedState.retrying.size === 0 ? [] : records.filter(isBehind);
  const sorted = classify(behind.length === 0 ? records : records.filter((entry) => !isBehind(entry)), {
    loadedState: loadedState.orders,
    outcomes,
    nextAttemptAt: (orderId) => nextAttemptAt(failuresOf(material, orderId), now, policy),
    haveWaited: isRetry,
  });
  const progress = isRetry ? NO_PROGRESS : loadedState.progress;
  const decision = decide(loadedState.orders, progress, sorted.commands, now);
  return {
    topic,
    decision,
    deadLetters: sorted.failed.map(({ entry, reason, error }) =>
      letter(material, failureOf(material, entry, reason, error)),
    ),
    resolved: resolvedDeadLetters(done(records, behind, sorted), material.frame, decision, now),
    retryChanges: isRetry ? furtherRetries(material, sorted) : newRetries(material, sorted, behind),
    loadedProgress: loadedState.progress,
    nextProgress,
  };
}

/** Retried records stand below the progress: it fences them, and passes none of them over. */
const NO_PROGRESS: ReadonlyMap<number, number> = new Map();

/** What was decided, and not given up. */
function done(
  records: readonly DecodedRecord[],
  behind: readonly DecodedRecord[],
  { waiting, failed }: Classification,
): DecodedRecord[] {
  const replays = records.filter(({ replay }) => replay !== undefined);
  if (replays.length === 0) return [];
  const others = new Set([...behind, ...failed.map(({ entry }) => entry)]);
  for (const { records: held } of waiting.values()) for (const entry of held) others.add(entry);
  return replays.filter((entry) => !others.has(entry));
}

/** Records from the log that wait now: behind what failed in this batch, or behind what had failed before. */
function newRetries(
  material: Material,
  { waiting }: Classification,
  behind: readonly DecodedRecord[],
): RetryChanges {
  const retryChanges = noRetryChanges();
  if (waiting.size === 0 && behind.length === 0) return retryChanges;
  const toEvent = ({ index, command }: DecodedRecord): QueuedEvent => ({
    orderId: command.orderId,
    record: material.frame.record(index),
  });
  for (const [orderId, { error, dueAt, records }] of waiting) {
    const { attempts, firstFailedAt, lateMs } = failuresOf(material, orderId);
    const partition = records[0]?.position.partition ?? 0;
    const failedAt = material.now;
    const order = {
      orderId,
      partition,
      attempts,
      events: records.length,
      error,
      firstFailedAt,
      failedAt,
      dueAt,
      lateMs,
    };
    retryChanges.added.push(order);
    retryChanges.events.push(...records.map(toEvent));
  }
  const appended = new Map<RetryingOrder, number>();
  for (const entry of behind) {
    const loaded = material.loadedState.retrying.get(entry.command.orderId);
    if (loaded !== undefined) appended.set(loaded, (appended.get(loaded) ?? 0) + 1);
    retryChanges.events.push(toEvent(entry));
  }
  for (const [loaded, events] of appended) retryChanges.appended.push({ loaded, events });
  return retryChanges;
}

/** Orders that failed once more, and wait on. */
function furtherRetries(material: Material, { waiting }: Classification): RetryChanges {
  const retryChanges = noRetryChanges();
  retryChanges.rescheduled.push(...(material.deferred ?? []));
  for (const [orderId, { error, dueAt }] of waiting) {
    const loaded = material.loadedState.retrying.get(orderId);
    if (loaded === undefined) continue;
    const { attempts, lateMs } = failuresOf(material, orderId);
    const next = { ...loaded, attempts, error, failedAt: material.now, dueAt, lateMs };
    retryChanges.rescheduled.push({ loaded, next });
  }
  return retryChanges;
}

function isWaitingOn({ rescheduled }: RetryChanges, orderId: string): boolean {
  return rescheduled.some(({ loaded }) => loaded.orderId === orderId);
}

/** The failures of an order if it fails now. */
function failuresOf(material: Material, orderId: string): Failures {
  const retrying = material.loadedState.retrying.get(orderId);
  if (retrying === undefined) return { attempts: 1, firstFailedAt: material.now, lateMs: 0 };
  const { attempts, firstFailedAt, lateMs } = retrying;
  return { attempts: attempts + 1, firstFailedAt, lateMs: lateMs + lateBy(material, retrying) };
}

/** Milliseconds by which a retry came later than it was due. */
export function lateBy(
  { begunAt }: Pick<Material, 'begunAt'>,
  { dueAt }: Pick<RetryingOrder, 'dueAt'>,
): number {
  return Math.max(0, begunAt - dueAt);
}

type Reported = Pick<Failure, 'record' | 'orderId' | 'replay' | 'reason' | 'error'>;

function failureOf(
  { frame }: Material,
  { index, command, replay }: DecodedRecord,
  reason: Failure['reason'],
  error: string,
): Reported {
  return { record: frame.record(index), orderId: command.orderId, replay, reason, error };
}

/** An event that only waited behind another was never tried itself. */
function letter(material: Material, reported: Reported): DeadLetter {
  const failures = failuresOf(material, reported.orderId ?? '');
  const attempts = reported.reason === 'predecessor-failed' ? 0 : failures.attempts;
  const { firstFailedAt } = failures;
  return toDeadLetter({ ...reported, attempts, firstFailedAt, failedAt: material.now }, material.replayLimit);
}
