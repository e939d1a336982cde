/**
 * What follows the saving of a lane's batches: publishing and committing. It goes on while the next batch is processed,
 * one batch at a time and in order, so that a lane is never more than one batch ahead of what is published.
 */
export class PublishQueue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Begins the work once the work before it is done, and does not wait for its end.
   * @throws what the work before it threw: nothing may be published after a gap
   */
  async begin(work: () => Promise<void>): Promise<void> {
    await this.#last;
    this.#last = work();
    // Whoever begins next, or waits for the end, is told.
    this.#last.catch(() => undefined);
  }

  /** Resolves when nothing is under way. @throws what the last work threw */
  done(): Promise<void> {
    return this.#last;
  }
}
