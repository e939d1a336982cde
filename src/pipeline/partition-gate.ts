import type { LogConsumer } from '../log/event-log.ts';

/**
 * The partitions that this process owns. A partition is paused while at least one reason applies to it, from the start
 * if it is assigned in that time.
 */
export class PartitionGate {
  readonly #consumer: Pick<LogConsumer, 'pause' | 'resume'>;
  readonly #isPaused = new Map<number, boolean>();
  readonly #reasons = new Map<string, (partition: number) => boolean>();

  constructor(consumer: Pick<LogConsumer, 'pause' | 'resume'>) {
    this.#consumer = consumer;
  }

  get size(): number {
    return this.#isPaused.size;
  }

  has(partition: number): boolean {
    return this.#isPaused.has(partition);
  }

  partitions(): number[] {
    return [...this.#isPaused.keys()].sort((one, other) => one - other);
  }

  /** Call this before any record of the partitions is read. */
  add(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.set(partition, false);
    this.#update();
  }

  remove(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.delete(partition);
  }

  pause(reason: string, filter: (partition: number) => boolean): void {
    this.#reasons.set(reason, filter);
    this.#update();
  }

  resume(reason: string): void {
    if (this.#reasons.delete(reason)) this.#update();
  }

  #update(): void {
    const toPause: number[] = [];
    const toResume: number[] = [];
    for (const [partition, isPaused] of this.#isPaused) {
      const shouldPause = [...this.#reasons.values()].some((filter) => filter(partition));
      if (shouldPause === isPaused) continue;
      this.#isPaused.set(partition, shouldPause);
      (shouldPause ? toPause : toResume).push(partition);
    }
    if (toPause.length > 0) this.#consumer.pause(toPause);
    if (toResume.length > 0) this.#consumer.resume(toResume);
  }
}
