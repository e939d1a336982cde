export interface ByteLimits {
  /** bytes of one caller */
  perCaller: number;
  /** bytes of all callers together */
  total: number;
}

/** Counts bytes that this process holds, by caller and in total. A caller without bytes costs nothing. */
export class ByteCounts {
  readonly #callers = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(caller: string): number {
    return this.#callers.get(caller) ?? 0;
  }

  /** @param bytes negative when they have gone */
  add(caller: string, bytes: number): void {
    const held = this.of(caller) + bytes;
    if (held === 0) this.#callers.delete(caller);
    else this.#callers.set(caller, held);
    this.#total += bytes;
  }
}
