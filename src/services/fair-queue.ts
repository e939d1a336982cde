/** A queue in which callers alternate: a caller with many entries delays only itself. */
export class FairQueue<Entry extends object> {
  /** caller → its entries, oldest first; the caller whose turn is next comes first */
  readonly #queues = new Map<string, Set<Entry>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param entry not in the queue yet: two entries must be two objects */
  add(caller: string, entry: Entry): void {
    const queue = this.#queues.get(caller);
    if (queue === undefined) this.#queues.set(caller, new Set([entry]));
    else queue.add(entry);
    this.#size += 1;
  }

  take(): Entry | undefined {
    const [next] = this.#queues;
    if (next === undefined) return undefined;
    const [caller, queue] = next;
    const [entry] = queue;
    if (entry !== undefined) this.remove(caller, entry);
    // The caller goes to the end of the line.
    if (this.#queues.delete(caller)) this.#queues.set(caller, queue);
    return entry;
  }

  /** Has no effect on an entry that was taken. */
  remove(caller: string, entry: Entry): void {
    const queue = this.#queues.get(caller);
    if (queue?.delete(entry) !== true) return;
    this.#size -= 1;
    if (queue.size === 0) this.#queues.delete(caller);
  }
}
