import type { AppliedRecord, BatchStore, BatchToSave } from '../store/order-store.ts';
import type { DueQuery } from '../store/order-store.ts';

/** What a thread is doing, for whoever has to end it: word 0 of a request's shared memory. */
const ELSEWHERE = 0;
const AT_THE_STORE = 1;

export type ThreadActivity = SharedArrayBuffer;

export function createThreadActivity(): ThreadActivity {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Whether the thread was ended while the store kept it: no order is to blame for that. */
export function wasInsideStore(activity: ThreadActivity): boolean {
  return Atomics.load(new Int32Array(activity), 0) === AT_THE_STORE;
}

/** Does the work, and lets it be known that the store has it. */
export async function insideStore<T>(activity: ThreadActivity, work: () => Promise<T>): Promise<T> {
  const word = new Int32Array(activity);
  Atomics.store(word, 0, AT_THE_STORE);
  try {
    return await work();
  } finally {
    Atomics.store(word, 0, ELSEWHERE);
  }
}

/** The same store; each call of it is told in `activity`. */
export class TrackedStore implements BatchStore {
  readonly #store: BatchStore;
  readonly #activity: ThreadActivity;

  constructor(store: BatchStore, activity: ThreadActivity) {
    this.#store = store;
    this.#activity = activity;
  }

  load(topic: string, partitions: number[], orderIds: string[]) {
    return this.#watched(() => this.#store.load(topic, partitions, orderIds));
  }

  loadDue(query: DueQuery) {
    return this.#watched(() => this.#store.loadDue(query));
  }

  save(batch: BatchToSave) {
    return this.#watched(() => this.#store.save(batch));
  }

  dryRun(batch: BatchToSave) {
    return this.#watched(() => this.#store.dryRun(batch));
  }

  effectsOf(topic: string, records: readonly AppliedRecord[]) {
    return this.#watched(() => this.#store.effectsOf(topic, records));
  }

  effectsOfRetries(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.effectsOfRetries(orderIds));
  }

  withDeadLetters(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.withDeadLetters(orderIds));
  }

  purgeCompleted(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.purgeCompleted(orderIds));
  }

  close() {
    return this.#watched(() => this.#store.close());
  }

  #watched<T>(work: () => Promise<T>): Promise<T> {
    return insideStore(this.#activity, work);
  }
}
