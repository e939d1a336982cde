/** Who wants to hear of what, by key: an event costs a look-up and its own listeners, however many others there are. */
export class Listeners<Listener> {
  readonly #byKey = new Map<string, Set<Listener>>();

  /** @returns what takes the listener off again; calling it twice is harmless */
  add(key: string, listener: Listener): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  of(key: string): Iterable<Listener> {
    return this.#byKey.get(key) ?? [];
  }
}
