/** Milliseconds of one turn of the event loop that all readers together may use to catch up. */
const TURN_MS = 4;

/**
 * Lets readers that catch up take turns. Callers alternate, so a caller with many readers delays only itself; after a few
 * milliseconds everything else that the process does goes first. A waiting reader costs an entry here, nothing more.
 */
export class Turns {
  readonly #now: () => number;
  /** caller → what its readers have to do, oldest first */
  readonly #queues = new Map<string, Set<() => void>>();
  #isScheduled = false;

  /** @param now monotonic, milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The number of readers that wait for their turn. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /**
   * Calls `work` once, soon. It must not throw, and must be short.
   * @returns cancels the call; harmless afterwards
   */
  request(caller: string, work: () => void): () => void {
    // Its own function, because two readers may pass the same one.
    const own = () => work();
    const queue = this.#queues.get(caller) ?? new Set();
    queue.add(own);
    this.#queues.set(caller, queue);
    this.#schedule();
    return () => this.#remove(caller, own);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
      if (this.#queues.size > 0) this.#schedule();
    });
  }

  #run(): void {
    const end = this.#now() + TURN_MS;
    // Only those that wait now: a reader that asks again gets its next turn after everything else.
    for (let left = this.waiting; left > 0 && this.#now() < end; left -= 1) {
      const [next] = this.#queues;
      if (next === undefined) return;
      const [caller, queue] = next;
      const [work] = queue;
      if (work !== undefined) queue.delete(work);
      this.#queues.delete(caller);
      // To the end of the line.
      if (queue.size > 0) this.#queues.set(caller, queue);
      work?.();
    }
  }

  #remove(caller: string, work: () => void): void {
    const queue = this.#queues.get(caller);
    queue?.delete(work);
    if (queue?.size === 0) this.#queues.delete(caller);
  }
}
