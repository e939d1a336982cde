import type { Position } from '../../base/position.ts';
import type { Logger } from '../../base/logger.ts';

/** What a broker knows of a topic: the end of each partition; undefined if there is no such topic. */
export type TopicEnds = readonly number[] | undefined;

interface WatchedTopic {
  name: string;
  /** whether all its acknowledged records must still be in it */
  mustKeepRecords: boolean;
  /** partition → offset after the last acknowledged record */
  acknowledged: number[];
  /** why nothing may be appended */
  problem: string | undefined;
  isReplaced: boolean;
}

/**
 * Watches the topics to which records are appended. Without it, appends to a deleted topic time out one by one, and appends
 * to a new topic of the same name are acknowledged, although no worker will take them as new.
 */
export class TopicWatch {
  readonly #logger: Logger;
  readonly #topics: Map<string, WatchedTopic>;

  /** @param topics names with their prefix, and whether all acknowledged records must still be in the topic */
  constructor(topics: readonly { name: string; mustKeepRecords: boolean }[], logger: Logger) {
    this.#logger = logger;
    this.#topics = new Map(
      topics.map((topic) => [
        topic.name,
        { ...topic, acknowledged: [], problem: undefined, isReplaced: false },
      ]),
    );
  }

  get names(): string[] {
    return [...this.#topics.keys()];
  }

  /** Why nothing may be appended to any of the topics, or to one of them; undefined if all can be used. */
  problem(name?: string): string | undefined {
    if (name !== undefined) return this.#topics.get(name)?.problem;
    for (const { problem } of this.#topics.values()) if (problem !== undefined) return problem;
    return undefined;
  }

  /** Notes an acknowledged record. @returns false if it is in a new topic of the same name */
  acknowledge(name: string, { partition, offset }: Position): boolean {
    const topic = this.#topics.get(name);
    if (topic?.mustKeepRecords !== true) return true;
    if (offset < (topic.acknowledged[partition] ?? 0)) {
      this.#noteReplaced(topic, partition, offset + 1);
      return false;
    }
    topic.acknowledged[partition] = offset + 1;
    return true;
  }

  /** Notes what a broker says. Ends below the acknowledged records mean a new topic. */
  see(name: string, ends: TopicEnds): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.isReplaced) return;
    if (ends === undefined) {
      if (topic.problem === undefined) this.#logger.error({ topic: name }, missing(name));
      topic.problem = missing(name);
      return;
    }
    const behind = topic.acknowledged.findIndex((offset, partition) => (ends[partition] ?? 0) < offset);
    if (behind !== -1) {
      this.#noteReplaced(topic, behind, ends[behind] ?? 0);
      return;
    }
    if (topic.problem !== undefined) this.#logger.info({ topic: name }, 'The topic exists again.');
    topic.problem = undefined;
  }

  #noteReplaced(topic: WatchedTopic, partition: number, end: number): void {
    const { name, acknowledged } = topic;
    const expected = acknowledged[partition] ?? 0;
    topic.isReplaced = true;
    topic.problem =
      `Topic ${name} was deleted and created again: ${name}/${partition} ends at offset ${end}, but records up to ` +
      `offset ${expected} were acknowledged. Stop all services and start them again; they say which records are missing.`;
    this.#logger.error({ topic: name, partition, end, expected }, topic.problem);
  }
}

function missing(name: string): string {
  return (
    `Kafka has no topic ${name} any more: it was deleted. Stop all services and start them again; ` +
    'the start creates missing topics and says which records are missing.'
  );
}
