import type { Producer } from 'node-rdkafka';
import { hasCode } from '../../base/errors.ts';
import { partitionCount } from './client-calls.ts';

/** Asks for the number of partitions of a topic; concurrent callers share one request. */
export class PartitionCounts {
  readonly #timeoutMs: number;
  /** requests in flight, by topic */
  readonly #running = new Map<string, Promise<number>>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs an append to a chosen partition, and once more if the partition turns out to be new: librdkafka may know only the
   * partitions that the topic had minutes ago.
   * @param target the topic with its prefix
   * @throws as `append`; ServiceError `log-unavailable`
   */
  async retryIfNew<T>(
    { topic, partition }: { topic: string; partition: number },
    append: () => Promise<T>,
    client: () => Producer,
  ): Promise<T> {
    try {
      return await append();
    } catch (error) {
      if (!hasCode(error, 'partition-unknown')) throw error;
      if ((await this.#of(topic, client)) <= partition) throw error;
      return append();
    }
  }

  /** Also updates what the client knows. @param topic with its prefix @throws ServiceError `log-unavailable` */
  async #of(topic: string, client: () => Producer): Promise<number> {
    let running = this.#running.get(topic);
    if (running === undefined) {
      running = partitionCount(client(), topic, this.#timeoutMs);
      this.#running.set(topic, running);
    }
    try {
      return await running;
    } finally {
      this.#running.delete(topic);
    }
  }
}
