import type { Position } from '../../base/position.ts';
import type { OutgoingRecord } from '../event-log.ts';
import type { Group } from './group-commit.ts';

const BUSY_POLL_MS = 1;
const IDLE_POLL_MS = 100;

export interface PendingAppend {
  topic: string;
  /** undefined: chosen by the key */
  partition: number | undefined;
  /** of the value */
  bytes: number;
  /** until it is sent; a sent record is garbage at once, which costs the collector less */
  unsent: OutgoingRecord | undefined;
  /** of a record that was sent together with others */
  group: Group | undefined;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/**
 * The appends that wait for delivery reports. Polls often while there are any, otherwise rarely, for error events only. The
 * main thread must poll, because node-rdkafka's background poll crashes the process.
 */
export class PendingAppends {
  readonly #poll: () => void;
  readonly #onTaken: (append: PendingAppend) => void;
  /** by slot number; slots are reused, because librdkafka carries small integers cheaply */
  readonly #slots: (PendingAppend | undefined)[] = [];
  readonly #free: number[] = [];
  #bytes = 0;
  #drained: (() => void) | undefined;
  #isPollingOften = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onTaken gets each append that is removed, whatever its outcome */
  constructor(poll: () => void, onTaken: (append: PendingAppend) => void = () => undefined) {
    this.#poll = poll;
    this.#onTaken = onTaken;
  }

  get count(): number {
    return this.#slots.length - this.#free.length;
  }

  /** of their values */
  get bytes(): number {
    return this.#bytes;
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
    this.#bytes += append.bytes;
    if (!this.#isPollingOften) this.#schedulePoll();
    return slot;
  }

  get(slot: number): PendingAppend | undefined {
    return this.#slots[slot];
  }

  /** Removes an append; undefined if it is already settled. */
  take(slot: number): PendingAppend | undefined {
    const append = this.#slots[slot];
    if (append === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#bytes -= append.bytes;
    this.#onTaken(append);
    if (this.count === 0) this.#drained?.();
    return append;
  }

  rejectAll(errorOf: (append: PendingAppend) => Error): void {
    for (const slot of this.#slots.keys()) {
      const append = this.take(slot);
      append?.reject(errorOf(append));
    }
  }

  /** Resolves when no append is in flight. Only one caller may wait at a time. */
  async drained(): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  #schedulePoll(): void {
    clearTimeout(this.#timer);
    this.#isPollingOften = this.count > 0;
    this.#timer = setTimeout(() => this.#pollAgain(), this.#isPollingOften ? BUSY_POLL_MS : IDLE_POLL_MS);
  }

  #pollAgain(): void {
    this.#poll();
    if (this.#isPollingOften && this.count > 0) this.#timer?.refresh();
    else this.#schedulePoll();
  }
}
