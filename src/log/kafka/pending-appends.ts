import type { Position } from '../../base/position.ts';

/** One append that waits for its delivery report. */
export interface PendingAppend {
  topic: string;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/** The appends in flight, each under a small number that is used again: what librdkafka carries along is cheap. */
export class PendingAppends {
  readonly #slots: (PendingAppend | undefined)[] = [];
  readonly #free: number[] = [];
  #drained: (() => void) | undefined;

  get count(): number {
    return this.#slots.length - this.#free.length;
  }

  add(append: PendingAppend): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = append;
    return slot;
  }

  /** Undefined when the append was settled before. */
  take(slot: number): PendingAppend | undefined {
    const append = this.#slots[slot];
    if (append === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    if (this.count === 0) this.#drained?.();
    return append;
  }

  rejectAll(errorOf: (append: PendingAppend) => Error): void {
    for (const slot of this.#slots.keys()) {
      const append = this.take(slot);
      append?.reject(errorOf(append));
    }
  }

  /** Resolves when nothing is in flight; one waits at a time. */
  async drained(): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }
}
