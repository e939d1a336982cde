import type { Producer } from 'node-rdkafka';
import type { Position } from '../../base/position.ts';
import { endsOf, TOPICS } from '../event-log.ts';
import { leadersOf, metadata, topicRanges } from './client-calls.ts';
import { type KafkaOptions, refreshIntervalMs } from './client-settings.ts';
import { Repeated } from '../../base/repeated.ts';
import { TopicWatch } from './topic-watch.ts';

/**
 * Asks Kafka for the topics of the service at intervals, and soon after an append has failed, so that nothing is appended to a
 * topic that was deleted or created again.
 */
export class TopicMonitor {
  readonly #options: KafkaOptions;
  readonly #client: () => Producer | undefined;
  readonly #timeoutMs: number;
  readonly #topics: TopicWatch;
  readonly #looks: Repeated;
  readonly #onLeaders: (name: string, leaders: readonly number[]) => void;

  /**
   * @param client undefined while Kafka cannot be reached: then nothing is known about its topics
   * @param timeoutMs of each call
   * @param onLeaders gets the broker that leads each partition of a topic, at each look
   */
  constructor(
    options: KafkaOptions,
    client: () => Producer | undefined,
    timeoutMs: number,
    onLeaders: (name: string, leaders: readonly number[]) => void,
  ) {
    this.#onLeaders = onLeaders;
    const { topicPrefix, logger } = options;
    this.#options = options;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    const topics = Object.values(TOPICS).map((topic) => ({
      name: topicPrefix + topic,
      // Workers skip commands below their progress.
      mustKeepRecords: topic === TOPICS.commands,
    }));
    this.#topics = new TopicWatch(topics, logger);
    this.#looks = new Repeated(() => this.#look(), refreshIntervalMs(options));
  }

  /** Call it once the topics exist: from now on a topic that is missing was deleted. */
  start(): void {
    this.#looks.start();
  }

  /** Looks soon, because an append has failed. */
  lookSoon(): void {
    this.#looks.soon();
  }

  /** Resolves when no look is in progress. */
  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** @param name with its prefix; any topic by default @returns why nothing may be appended to it */
  problem(name?: string): string | undefined {
    return this.#topics.problem(name);
  }

  /** Notes an acknowledged record. @param name with its prefix @returns false if it is in a new topic of the same name */
  acknowledge(name: string, position: Position): boolean {
    return this.#topics.acknowledge(name, position);
  }

  async #look(): Promise<void> {
    const client = this.#client();
    if (client === undefined) return;
    try {
      for (const name of this.#topics.names) await this.#lookAt(name, client);
      if (this.#topics.isInDoubt()) this.#looks.soon();
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'Looking at the topics failed; looking again soon.');
    }
  }

  async #lookAt(name: string, client: Producer): Promise<void> {
    const leaders = leadersOf(name, await metadata(client, { topic: name, timeout: this.#timeoutMs }));
    if (leaders.length > 0) this.#onLeaders(name, leaders);
    if (leaders.length === 0) {
      this.#topics.seeMissing(name);
    } else if (this.#topics.isInDoubt(name) || this.#topics.problem(name) !== undefined) {
      const acknowledged = this.#topics.acknowledged(name);
      const ends = endsOf(await topicRanges(client, name, this.#timeoutMs));
      this.#topics.see(name, ends, acknowledged);
    }
  }
}
