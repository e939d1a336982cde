import type { Producer } from 'node-rdkafka';
import { partitionCount } from './client-calls.ts';

/** Asks for the number of partitions of a topic; concurrent callers share one request. */
export class PartitionCounts {
  readonly #timeoutMs: number;
  /** requests in flight, by topic */
  readonly #running = new Map<string, Promise<number>>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Also updates what the client knows. @param topic with its prefix @throws ServiceError `log-unavailable` */
  async of(topic: string, client: () => Producer): Promise<number> {
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
