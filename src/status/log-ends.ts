import { furthest, hasReached, type Positions } from './positions.ts';

/** The ends of the status topic, as far as this process has asked for them. */
export class LogEnds {
  readonly #read: () => Promise<Positions>;
  #known: Positions = [];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param read queries the log; rejects when it cannot be reached */
  constructor(read: () => Promise<Positions>) {
    this.#read = read;
  }

  /**
   * Whether the log has all records before these positions. Asks the log only if that is not known yet.
   * @throws what `read` throws
   */
  async include(positions: Positions): Promise<boolean> {
    if (!hasReached(this.#known, positions)) await this.#refresh();
    return hasReached(this.#known, positions);
  }

  /** Offsets have started over. */
  forget(): void {
    this.#known = [];
  }

  /** All callers share a query, but not one in progress: it may have begun before the caller's token was made. */
  #refresh(): Promise<void> {
    this.#next ??= (this.#running ?? Promise.resolve())
      .then(undefined, () => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#query();
        return this.#running;
      });
    return this.#next;
  }

  async #query(): Promise<void> {
    const known = this.#known;
    const ends = await this.#read();
    // After `forget`, these ends may be of the log before.
    if (this.#known === known) this.#known = furthest(known, ends);
  }
}
