import type { AppliedRecord, BatchStore, BatchToSave } from '../store/order-store.ts';
import type { DueQuery } from '../store/parking.ts';

/** What a thread is doing, for whoever has to end it: word 0 of a request's shared memory. */
const ELSEWHERE = 0;
const AT_THE_STORE = 1;

export type Whereabouts = SharedArrayBuffer;

export function createWhereabouts(): Whereabouts {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Whether the thread was ended while the store kept it: no order is to blame for that. */
export function wasAtTheStore(whereabouts: Whereabouts): boolean {
  return Atomics.load(new Int32Array(whereabouts), 0) === AT_THE_STORE;
}

/** Does the work, and lets it be known that the store has it. */
export async function atTheStore<T>(whereabouts: Whereabouts, work: () => Promise<T>): Promise<T> {
  const word = new Int32Array(whereabouts);
  Atomics.store(word, 0, AT_THE_STORE);
  try {
    return await work();
  } finally {
    Atomics.store(word, 0, ELSEWHERE);
  }
}

/** The same store; each call of it is told in `whereabouts`. */
export class WatchedStore implements BatchStore {
  readonly #store: BatchStore;
  readonly #whereabouts: Whereabouts;

  constructor(store: BatchStore, whereabouts: Whereabouts) {
    this.#store = store;
    this.#whereabouts = whereabouts;
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

  rehearse(batch: BatchToSave) {
    return this.#watched(() => this.#store.rehearse(batch));
  }

  causedBy(topic: string, records: readonly AppliedRecord[]) {
    return this.#watched(() => this.#store.causedBy(topic, records));
  }

  causedByRetries(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.causedByRetries(orderIds));
  }

  knownByDeadLetters(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.knownByDeadLetters(orderIds));
  }

  forgetRetried(orderIds: readonly string[]) {
    return this.#watched(() => this.#store.forgetRetried(orderIds));
  }

  close() {
    return this.#watched(() => this.#store.close());
  }

  #watched<T>(work: () => Promise<T>): Promise<T> {
    return atTheStore(this.#whereabouts, work);
  }
}
