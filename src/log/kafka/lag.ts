import type { KafkaConsumer } from 'node-rdkafka';
import type { Assignment } from './assignment.ts';
import { watermarks } from './client-calls.ts';
import type { LostBrokers } from './lost-brokers.ts';
import type { Pauses } from './pauses.ts';

const QUERY_TIMEOUT_MS = 1000;

/**
 * Computes the lag from the log ends that arrive with each fetch. A paused partition is not fetched, so `read` queries its
 * end in the background.
 */
export class Lag {
  readonly #client: KafkaConsumer;
  readonly #topic: string;
  readonly #assignment: Assignment;
  readonly #pauses: Pauses;
  readonly #brokers: LostBrokers;
  readonly #queried = new Map<number, number>();
  #querying = false;

  constructor(
    client: KafkaConsumer,
    topic: string,
    assignment: Assignment,
    pauses: Pauses,
    brokers: LostBrokers,
  ) {
    this.#client = client;
    this.#brokers = brokers;
    this.#topic = topic;
    this.#assignment = assignment;
    this.#pauses = pauses;
  }

  /** Lag by partition, without partitions whose end is still unknown. */
  read(): Map<number, number> {
    const lag = new Map<number, number>();
    const stale: number[] = [];
    for (const [partition, { done }] of this.#assignment) {
      const { highOffset } = this.#client.getWatermarkOffsets(this.#topic, partition);
      // Negative until librdkafka knows an end.
      const end = Math.max(highOffset, this.#queried.get(partition) ?? -1);
      if (end >= 0) lag.set(partition, Math.max(0, end - (done ?? 0)));
      if (this.#pauses.has(partition) || end < 0) stale.push(partition);
    }
    // After a failed query, the last known ends stay; the next read queries again.
    this.#query(stale).catch(() => undefined);
    return lag;
  }

  async #query(partitions: readonly number[]): Promise<void> {
    if (this.#querying) return;
    this.#querying = true;
    try {
      for (const partition of partitions) {
        const topicPartition = { topic: this.#topic, partition };
        const { highOffset } = await this.#brokers.guard(() =>
          watermarks(this.#client, topicPartition, QUERY_TIMEOUT_MS),
        );
        this.#queried.set(partition, highOffset);
      }
    } finally {
      this.#querying = false;
    }
  }
}
