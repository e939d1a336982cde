import type { LogConsumer } from '../log/event-log.ts';

/**
 * The partitions this process owns, and which of them are paused: those that at least one reason applies to. A
 * partition assigned while a reason applies is paused from the start.
 */
export class PartitionGate {
  readonly #consumer: Pick<LogConsumer, 'pause' | 'resume'>;
  readonly #isPaused = new Map<number, boolean>();
  readonly #reasons = new Map<string, (partition: number) => boolean>();

  constructor(consumer: Pick<LogConsumer, 'pause' | 'resume'>) {
    this.#consumer = consumer;
  }

  has(partition: number): boolean {
    return this.#isPaused.has(partition);
  }

  /** To be called before anything of the partitions is read. */
  add(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.set(partition, false);
    this.#update();
  }

  remove(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#isPaused.delete(partition);
  }

  /** Pauses the partitions that the filter selects, until `resume` is called with the same reason. */
  pause(reason: string, filter: (partition: number) => boolean): void {
    this.#reasons.set(reason, filter);
    this.#update();
  }

  /** Resumes the partitions that no other reason keeps paused. */
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
