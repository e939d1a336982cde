import type { BatchStore } from '../store/order-store.ts';

/**
 * Shared memory of a task: whether it is inside the store, and how many other tasks and detached calls its thread has. The
 * pool reads it if the thread crashes or is ended.
 *
 * Invariant 6: a store that blocks its thread is not the order's fault, so it must not count as a poison order; nor must
 * another task or a detached call count against the store or another order.
 */
export type ThreadActivity = SharedArrayBuffer;

const STORE_WORD = 0;
const OTHERS_WORD = 1;

const OUTSIDE_STORE = 0;
const INSIDE_STORE = 1;

/** Until the task begins, only others can end its thread. */
export function createThreadActivity(): ThreadActivity {
  const activity = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  noteOthers(activity, 1);
  return activity;
}

export function wasInsideStore(activity: ThreadActivity): boolean {
  return Atomics.load(new Int32Array(activity), STORE_WORD) === INSIDE_STORE;
}

/** @param others how many other tasks and detached calls go on in the thread */
export function noteOthers(activity: ThreadActivity, others: number): void {
  Atomics.store(new Int32Array(activity), OTHERS_WORD, others);
}

export function hadOthers(activity: ThreadActivity): boolean {
  return Atomics.load(new Int32Array(activity), OTHERS_WORD) > 0;
}

/** Marks the thread as inside the store while `work` runs. */
export async function insideStore<T>(activity: ThreadActivity, work: () => Promise<T>): Promise<T> {
  const words = new Int32Array(activity);
  Atomics.store(words, STORE_WORD, INSIDE_STORE);
  try {
    return await work();
  } finally {
    Atomics.store(words, STORE_WORD, OUTSIDE_STORE);
  }
}

/** Wraps the store so that `activity` shows when a call is in progress. @param onCall gets how long each call took */
export function trackStore(
  store: BatchStore,
  activity: ThreadActivity,
  onCall: (operation: string, seconds: number) => void = () => undefined,
): BatchStore {
  const methods: Promised<BatchStore> = store;
  const track =
    <M extends keyof BatchStore>(method: M) =>
    (...args: Parameters<BatchStore[M]>) => {
      const startedAt = performance.now();
      return insideStore(activity, () => methods[method](...args)).finally(() =>
        onCall(method, (performance.now() - startedAt) / 1000),
      );
    };
  return {
    load: track('load'),
    loadDue: track('loadDue'),
    save: track('save'),
    dryRun: track('dryRun'),
    effectsOf: track('effectsOf'),
    effectsOfRetries: track('effectsOfRetries'),
    orderIdsWithDeadLetters: track('orderIdsWithDeadLetters'),
    deletedBefore: track('deletedBefore'),
    purgeCompleted: track('purgeCompleted'),
    claim: track('claim'),
    release: track('release'),
    resetCrashCount: track('resetCrashCount'),
    suspectsAmong: track('suspectsAmong'),
    recordIsolated: track('recordIsolated'),
    clearIsolated: track('clearIsolated'),
    close: track('close'),
  };
}

/** The same asynchronous methods, typed so that generic code can call `methods[name](...args)`. */
export type Promised<T extends { [M in keyof T]: (...args: never[]) => Promise<unknown> }> = {
  [M in keyof T]: (...args: Parameters<T[M]>) => Promise<Awaited<ReturnType<T[M]>>>;
};
