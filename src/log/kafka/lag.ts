import type { KafkaConsumer } from 'node-rdkafka';
import type { Assignment } from './assignment.ts';
import { watermarks } from './client-calls.ts';
import type { Pauses } from './pauses.ts';

const QUERY_TIMEOUT_MS = 1000;

/**
 * The lag, from the log ends that come with every fetch. A paused partition is not fetched, so `read` asks for its end
 * in the background.
 */
export class Lag {
  readonly #client: KafkaConsumer;
  readonly #topic: string;
  readonly #assignment: Assignment;
  readonly #pauses: Pauses;
  readonly #queried = new Map<number, number>();
  #querying = false;

  constructor(client: KafkaConsumer, topic: string, assignment: Assignment, pauses: Pauses) {
    this.#client = client;
    this.#topic = topic;
    this.#assignment = assignment;
    this.#pauses = pauses;
  }

  /** By partition, without those whose end is not known yet. */
  read(): Map<number, number> {
    const lag = new Map<number, number>();
    const stale: number[] = [];
    for (const [partition, { done }] of this.#assignment) {
      const { highOffset } = this.#client.getWatermarkOffsets(this.#topic, partition);
      // Negative until librdkafka has seen an end.
      const end = Math.max(highOffset, this.#queried.get(partition) ?? -1);
      if (end >= 0) lag.set(partition, Math.max(0, end - (done ?? 0)));
      if (this.#pauses.has(partition) || end < 0) stale.push(partition);
    }
    // A failed query leaves the ends as last seen; the next read queries again.
    this.#query(stale).catch(() => undefined);
    return lag;
  }

  async #query(partitions: readonly number[]): Promise<void> {
    if (this.#querying) return;
    this.#querying = true;
    try {
      for (const partition of partitions) {
        const place = { topic: this.#topic, partition };
        const { highOffset } = await watermarks(this.#client, place, QUERY_TIMEOUT_MS);
        this.#queried.set(partition, highOffset);
      }
    } finally {
      this.#querying = false;
    }
  }
}
