import type { KafkaConsumer } from 'node-rdkafka';

/**
 * Which partitions are paused. A pause takes effect between two reads: librdkafka drops what it had fetched of a
 * partition and goes back to the last record it handed out, and a read that is under way on another thread would move
 * that mark unseen, so that records came twice.
 */
export class Pauses {
  readonly #client: KafkaConsumer;
  readonly #topic: string;
  readonly #wanted = new Set<number>();
  readonly #applied = new Set<number>();

  constructor(client: KafkaConsumer, topic: string) {
    this.#client = client;
    this.#topic = topic;
  }

  has(partition: number): boolean {
    return this.#wanted.has(partition);
  }

  pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#wanted.add(partition);
  }

  resume(partitions: readonly number[]): void {
    for (const partition of partitions) this.#wanted.delete(partition);
    const applied = partitions.filter((partition) => this.#applied.delete(partition));
    if (applied.length > 0) this.#client.resume(this.#of(applied));
  }

  /** To be called when no read is under way. */
  apply(): void {
    if (this.#wanted.size === this.#applied.size) return;
    const waiting = [...this.#wanted].filter((partition) => !this.#applied.has(partition));
    for (const partition of waiting) this.#applied.add(partition);
    this.#client.pause(this.#of(waiting));
  }

  #of(partitions: number[]) {
    return partitions.map((partition) => ({ topic: this.#topic, partition }));
  }
}
