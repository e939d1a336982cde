import { UNKNOWN_OFFSET, type Position } from '../../base/position.ts';
import type { Logger } from '../../base/logger.ts';

/** A broker that has just started may not know a topic in its first answer. */
const MISSES_OF_A_DELETED_TOPIC = 2;

interface WatchedTopic {
  name: string;
  /** whether all its acknowledged records must still be in it */
  mustKeepRecords: boolean;
  /** partition → offset after the last acknowledged record */
  acknowledged: number[];
  /** in how many answers in a row the topic was missing */
  misses: number;
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
        { ...topic, acknowledged: [], misses: 0, problem: undefined, isReplaced: false },
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
    if (topic?.mustKeepRecords !== true || offset === UNKNOWN_OFFSET) return true;
    if (offset < (topic.acknowledged[partition] ?? 0)) {
      this.#noteReplaced(topic, partition, offset + 1);
      return false;
    }
    topic.acknowledged[partition] = offset + 1;
    return true;
  }

  /** Whether the topic was missing in the latest answer and nothing is known for certain: look again at once. */
  isInDoubt(name?: string): boolean {
    const topics = name === undefined ? [...this.#topics.values()] : [this.#topics.get(name)];
    return topics.some((topic) => topic !== undefined && topic.misses > 0 && topic.problem === undefined);
  }

  /** The ends of the acknowledged records, by partition. */
  acknowledged(name: string): number[] {
    return [...(this.#topics.get(name)?.acknowledged ?? [])];
  }

  /** Notes that a broker does not know the topic. */
  seeMissing(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.isReplaced) return;
    topic.misses += 1;
    if (topic.misses < MISSES_OF_A_DELETED_TOPIC) return;
    if (topic.problem === undefined) this.#logger.error({ topic: name }, missing(name));
    topic.problem = missing(name);
  }

  /**
   * Notes the ends of the partitions. Ends below the acknowledged records mean a new topic.
   * @param acknowledged read before the ends, because records are acknowledged meanwhile
   */
  see(name: string, ends: readonly number[], acknowledged: readonly number[]): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.isReplaced) return;
    topic.misses = 0;
    const behind = acknowledged.findIndex((offset, partition) => (ends[partition] ?? 0) < offset);
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
