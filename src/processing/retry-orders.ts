import { hasCode, toError } from '../base/errors.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { BatchStore } from '../store/order-store.ts';
import { FLOOD_PAUSE_MS, maxRetryPauseMs, type BatchResult, type RetryRequest } from './batch.ts';
import { lateMsOf, onlyOrders, type RetryInput } from './batch-input.ts';
import { batchResult, earliest } from './batch-result.ts';
import { composeBatch } from './compose-batch.ts';
import { decodeBatch } from './decode-batch.ts';
import { findAttempts } from './find-attempts.ts';
import type { FailureCounts } from './flood-limit.ts';
import type { BatchDependencies } from './process-batch.ts';
import { THREAD_ENDED } from './outcome.ts';
import { NO_ANSWERS, NO_DETACHED_CALLS, runAttempts } from './run-attempts.ts';
import { saveBatch, type SavedBatch } from './save-batch.ts';
import { TracedBatch } from './traced-batch.ts';

/**
 * Retries orders that are due, and those whose call has been answered: load → decode → run the processor → classify → decide → compose → save. The queued
 * events of an order are decided together and in order; if its attempt fails again, they all keep waiting.
 *
 * These events are below the progress, so the log does not redeliver them after a crash. A completed order therefore
 * stays in the store until its effects are published, and the next run purges it (`published`). After a crash, the next
 * run publishes the effects again.
 * @throws ServiceError as `saveBatch`; `dead-letter-flood` only if the flood persists without the failing orders
 */
export async function retryOrders(
  { topic, partitions, limit, published, orphaned, recent, poisonReason, answers = NO_ANSWERS }: RetryRequest,
  dependencies: BatchDependencies,
): Promise<BatchResult> {
  const {
    store,
    codec,
    clock,
    monotonicClock,
    rules,
    detachedCalls = NO_DETACHED_CALLS,
    tracing,
  } = dependencies;
  const traced = tracing && new TracedBatch(tracing);
  const startedAt = clock();
  const started = monotonicClock();
  const latest = startedAt + maxRetryPauseMs(rules);
  const due = await store.loadDue({
    ...{ topic, partitions, now: startedAt, latest, limit, published, orphaned },
    answered: [...answers.keys()],
    detachedCalls: [...detachedCalls],
  });
  traced?.loaded();
  const { loadedState, unpublished, nextDueAt, postponed } = due;
  const redeliveredEffects = await store.effectsOfRetries(unpublished);
  const events = encodeRecordFrame(due.orders.flatMap((order) => order.events));
  const { frame, decoded, undecodable } = decodeBatch(events, codec);

  const { orders, retrying, progress } = loadedState;
  const attempts = findAttempts(decoded, orders, (orderId) => (retrying.get(orderId)?.attempts ?? 0) + 1);
  // A detached call of one of these orders may have ended its thread. Do not detach it again, so that another crash tells
  // which order it is.
  const isSuspect = [...retrying.values()].some(({ error }) => error === THREAD_ENDED.reason);
  const runProcessor = isSuspect ? dependencies.runPatiently : dependencies.runProcessor;
  // Once an outcome is saved the order is no longer `unanswered`. If that result was lost, the answer must not count again.
  const unused = new Map([...answers].filter(([orderId]) => retrying.get(orderId)?.unanswered === true));
  const known = { answers: unused, detachedCalls };
  const outcomes = await runAttempts(attempts, known, { runProcessor, poisonReason });
  traced?.processed();

  const input: RetryInput = {
    kind: 'retry',
    topic,
    frame,
    decoded,
    undecodable,
    loadedState,
    nextProgress: progress,
    outcomes,
    startedAt,
    // Not the clock: a step forward during an attempt must not use up the order's time budget.
    now: startedAt + Math.round(monotonicClock() - started),
    deferred: [],
    published,
    rules,
  };
  const { saved, flood } = await saveOrDefer(store, input, recent);

  const trace = traced?.saved(frame, decoded, saved);
  const effects = { saved, redeliveredEffects, redelivered: 0, retrying: [], trace };
  const result = batchResult(effects, { codec, rules });
  const completed = saved?.batch.retryChanges.completed.map(({ orderId }) => orderId) ?? [];
  return {
    ...result,
    completed: [...unpublished, ...completed],
    retryAt: earliest([nextDueAt, result.retryAt]),
    postponed,
    flood,
  };
}

interface SavedRetries {
  saved: SavedBatch | undefined;
  /** why the failing orders were deferred; undefined if they were not */
  flood?: string;
}

/** In a dead-letter flood, only the failing orders are deferred; the healthy ones are saved. */
async function saveOrDefer(
  store: BatchStore,
  input: RetryInput,
  recent: FailureCounts,
): Promise<SavedRetries> {
  const { loadedState, published } = input;
  if (loadedState.retrying.size === 0) {
    if (published.length > 0) await store.purgeCompleted(published);
    return { saved: undefined };
  }
  try {
    return { saved: await saveBatch(store, input, recent) };
  } catch (error) {
    if (!hasCode(error, 'dead-letter-flood')) throw error;
    return { saved: await saveBatch(store, deferFlood(input), recent), flood: toError(error).message };
  }
}

/** Postpones the orders that would become dead letters, which costs them no attempt and no part of their time budget. */
function deferFlood(input: RetryInput): RetryInput {
  const failing = new Set(composeBatch(input).deadLetters.map(({ orderId }) => orderId));
  const retrying = [...input.loadedState.retrying.values()];
  const deferred = retrying.filter(({ orderId }) => failing.has(orderId));
  return {
    ...onlyOrders(input, (orderId) => !failing.has(orderId)),
    deferred: deferred.map((loaded) => {
      const lateMs = lateMsOf(input, loaded) + FLOOD_PAUSE_MS;
      const dueAt = input.now + FLOOD_PAUSE_MS;
      return { loaded, next: { ...loaded, dueAt, lateMs, unanswered: false } };
    }),
  };
}
