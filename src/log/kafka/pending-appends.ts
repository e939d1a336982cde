import type { Position } from '../../base/position.ts';

const BUSY_POLL_MS = 1;
const IDLE_POLL_MS = 100;

/** One append that waits for its delivery report. */
export interface PendingAppend {
  topic: string;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/**
 * The appends in flight, and the polling for their delivery reports: often while there are any, otherwise only now and
 * then for error events. The main thread has to poll, because node-rdkafka's background poll crashes the process.
 */
export class PendingAppends {
  readonly #poll: () => void;
  /** An append's number is small and reused: librdkafka carries a small integer cheaply. */
  readonly #slots: (PendingAppend | undefined)[] = [];
  readonly #free: number[] = [];
  #drained: (() => void) | undefined;
  #isPollingOften = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(poll: () => void) {
    this.#poll = poll;
  }

  get count(): number {
    return this.#slots.length - this.#free.length;
  }

  startPolling(): void {
    this.#schedulePoll();
  }

  stopPolling(): void {
    clearTimeout(this.#timer);
  }

  add(append: PendingAppend): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = append;
    if (!this.#isPollingOften) this.#schedulePoll();
    return slot;
  }

  /** Undefined when the append is already settled. */
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

  /** Resolves when nothing is in flight. At most one caller waits at a time. */
  async drained(): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  #schedulePoll(): void {
    clearTimeout(this.#timer);
    this.#isPollingOften = this.count > 0;
    const poll = () => {
      this.#poll();
      this.#schedulePoll();
    };
    this.#timer = setTimeout(poll, this.#isPollingOften ? BUSY_POLL_MS : IDLE_POLL_MS);
  }
}
