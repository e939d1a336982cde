import type { TopicPartitionOffset, WatermarkOffsets } from 'node-rdkafka';
import type { StartOver } from '../event-log.ts';

/** Records that were not read, and how that was noticed. */
export interface Loss {
  why: StartOver;
  partition?: number;
  /** the offset to read next */
  expected?: number;
  /** the offset that was found instead */
  found?: number;
}

/** The next offset of each partition that a follower reads, and what happened to the topic. */
export class FollowedOffsets extends Map<number, number> {
  /** whether the topic was deleted and not yet created again */
  isMissing = false;
  /** set until reading has started over; records are dropped meanwhile */
  loss: Loss | undefined;
  /** whether the latest look found a lower end */
  #sawLowerEnd = false;

  /** Whether what arrives belongs to a topic, or a part of it, that is not being followed. */
  get isInterrupted(): boolean {
    return this.isMissing || this.loss !== undefined;
  }

  /** Notes that the messages were read, up to a loss. @returns the messages before it */
  readUntilLoss<M extends TopicPartitionOffset>(
    messages: readonly M[],
    watermarks: (message: M) => WatermarkOffsets,
  ): M[] {
    for (const [index, message] of messages.entries()) {
      this.loss = this.read(message.partition, message.offset, () => watermarks(message));
      if (this.loss !== undefined) return messages.slice(0, index);
    }
    return [...messages];
  }

  /**
   * Notes that a record was read.
   * @param watermarks as of the latest fetch
   * @returns the loss if the record cannot follow the one before it; the offset is not noted then
   */
  read(partition: number, found: number, watermarks: () => WatermarkOffsets): Loss | undefined {
    const expected = this.get(partition);
    if (expected !== undefined && found !== expected) {
      if (found < expected) return { why: 'new-topic', partition, expected, found };
      // Other gaps come from compaction or from transactions of another program.
      if (watermarks().lowOffset > expected) return { why: 'records-deleted', partition, expected, found };
    }
    this.set(partition, found + 1);
    return undefined;
  }

  /**
   * Looks for a partition that ends before the offset to read next. It is a loss only if the broker says so in two looks in a
   * row: after a leader fails, the new one may know for a moment only an earlier end than consumers have read.
   * @param fetchedEnd the end of a partition as of the latest fetch; negative if it is unknown
   * @param queryEnd asks the broker for the end of a partition
   * @throws what `queryEnd` throws
   */
  async lossByEnds(
    fetchedEnd: (partition: number) => number,
    queryEnd: (partition: number) => Promise<number>,
  ): Promise<Loss | undefined> {
    const suspected = this.#lowerEnd(fetchedEnd);
    const found = suspected && (await queryEnd(suspected.partition));
    const isSecondLook = this.#sawLowerEnd;
    this.#sawLowerEnd = suspected !== undefined && found !== undefined && found < suspected.expected;
    return this.#sawLowerEnd && isSecondLook ? { why: 'new-topic', ...suspected, found } : undefined;
  }

  #lowerEnd(endOf: (partition: number) => number): { partition: number; expected: number } | undefined {
    for (const [partition, expected] of this) {
      const found = endOf(partition);
      if (found >= 0 && found < expected) return { partition, expected };
    }
    return undefined;
  }

  add(positions: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of positions) this.set(partition, offset);
  }

  /** Reading starts over at these positions. */
  startOver(positions: ReadonlyMap<number, number>): void {
    this.clear();
    this.add(positions);
    this.isMissing = false;
    this.loss = undefined;
  }
}
