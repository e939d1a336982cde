import { FairQueue } from './fair-queue.ts';

/** Milliseconds of one turn of the event loop that all callers together may use. */
const TURN_MS = 2;

/**
 * Lets callers take turns: they alternate, so a caller with much to do delays only itself; after a few milliseconds everything
 * else that the process does goes first, and other processes of the machine too: a full turn is followed by a rest of the same
 * length. What waits costs an entry here, nothing more.
 */
export class Turns {
  readonly #now: () => number;
  readonly #queue = new FairQueue<() => void>();
  #isScheduled = false;

  /** @param now monotonic, milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many requests wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Calls `work` once, soon. It must not throw, and must be short.
   * @returns cancels the call; harmless afterwards
   */
  request(caller: string, work: () => void): () => void {
    // A new object for each request, because callers may pass the same function twice.
    const own = () => work();
    this.#queue.add(caller, own);
    this.#schedule();
    return () => this.#queue.remove(caller, own);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    const start = this.#now();
    let used = 0;
    // Only what waits now: what is requested meanwhile gets its turn after everything else.
    for (let left = this.waiting; left > 0 && used < TURN_MS; left -= 1) {
      this.#queue.take()?.();
      used = this.#now() - start;
    }
    if (this.waiting === 0) return;
    if (used < TURN_MS) this.#schedule();
    else this.#rest(used);
  }

  #rest(ms: number): void {
    this.#isScheduled = true;
    setTimeout(() => this.#run(), ms);
  }
}
