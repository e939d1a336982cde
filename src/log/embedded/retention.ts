import type { Database, Statement } from 'better-sqlite3';
import type { ChunkTable } from './chunk-table.ts';
import { type Chunk, recordsOf } from './frames.ts';
import { relaxed } from './log-database.ts';
import type { CorruptRecords } from './protocol.ts';
import { partitionOf, type Partition } from './topic-table.ts';

/** Milliseconds since the epoch. Records from before the cutoff are old; timestamps after `now` are wrong. */
interface Times {
  cutoff: number;
  now: number;
}

/**
 * How many records of a region of corrupt chunks are deleted at once, even beyond the budget: the keys of a region are found
 * by reading all keys of the topic.
 */
const MAX_REGION_RECORDS = 50_000;

interface KeyRow {
  key: Buffer;
  offset: number;
}

/**
 * Deletes records that are both consumed and old, oldest first. Later appends reuse the freed pages. No reader needs these
 * records any more, so it deletes corrupt ones as well, and reports them.
 */
export class Retention {
  readonly #db: Database;
  readonly #chunks: ChunkTable;
  readonly #deleteKey: Statement<[number, Buffer, number]>;
  readonly #keysBetween: Statement<[number, number, number], KeyRow>;
  readonly #setStart: Statement<[number, number]>;

  constructor(db: Database, chunks: ChunkTable) {
    this.#db = db;
    this.#chunks = chunks;
    this.#deleteKey = db.prepare('DELETE FROM keys WHERE topic = ? AND key = ? AND offset = ?');
    this.#keysBetween = db.prepare(
      'SELECT key, offset FROM keys WHERE topic = ? AND offset >= ? AND offset < ?',
    );
    this.#setStart = db.prepare('UPDATE partitions SET start = ? WHERE slot = ?');
  }

  /**
   * Deletes about `budget` records that are consumed and older than the cutoff, in one short transaction. It may be more
   * records if they are corrupt.
   * @param partitions all partitions of all topics
   * @returns how many, fewer than `budget` when no more are due; and those of them that were corrupt
   */
  deleteDue(
    partitions: readonly Partition[],
    times: Times,
    budget: number,
  ): { deleted: number; corrupt: CorruptRecords[] } {
    const starts = new Map<Partition, number>();
    const corrupt: CorruptRecords[] = [];
    const byTopic = new Map<number, Partition[]>();
    for (const partition of partitions) {
      const siblings = byTopic.get(partition.topicId);
      if (siblings === undefined) byTopic.set(partition.topicId, [partition]);
      else siblings.push(partition);
    }
    let deleted = 0;
    relaxed(this.#db, () => {
      for (const partition of partitions) {
        const siblings = byTopic.get(partition.topicId) ?? [];
        const start = this.#deleteFrom(partition, times, budget - deleted, siblings, corrupt);
        if (start === partition.start) continue;
        this.#setStart.run(start, partition.slot);
        starts.set(partition, start);
        deleted += start - partition.start;
      }
    });
    for (const [partition, start] of starts) partition.start = start;
    return { deleted, corrupt };
  }

  /**
   * @param siblings the partitions of its topic
   * @param corrupt receives what was corrupt
   * @returns the new start of the partition
   */
  #deleteFrom(
    partition: Partition,
    times: Times,
    budget: number,
    siblings: readonly Partition[],
    corrupt: CorruptRecords[],
  ): number {
    const consumed = partition.isConsumed ? partition.consumed : partition.end;
    let start = partition.start;
    let limit = budget;
    let region: { from: number; to: number } | undefined;
    while (start - partition.start < limit) {
      const stored = this.#chunks.stored(partition, start);
      if (stored === undefined) break;
      const { chunk, isIntact } = stored;
      const end = chunk.firstOffset + chunk.count;
      if (end > consumed || this.#appendedAt(partition, chunk, times.now) >= times.cutoff) break;
      if (isIntact) {
        this.#deleteKeys(partition, siblings, chunk);
        limit = budget;
      } else {
        region = { from: region?.from ?? chunk.firstOffset, to: end };
        limit = Math.max(budget, MAX_REGION_RECORDS);
        const { topic, number } = partition;
        corrupt.push({ topic, partition: number, firstOffset: chunk.firstOffset, lastOffset: end - 1 });
      }
      this.#chunks.delete(partition, chunk);
      start = end;
    }
    if (region !== undefined) this.#searchAndDeleteKeys(partition, siblings, region);
    return start;
  }

  #deleteKeys(partition: Partition, siblings: readonly Partition[], { firstOffset, body }: Chunk): void {
    let offset = firstOffset;
    for (const { key } of recordsOf(body)) {
      // `keys` has only records in the partition of their key, and may have one of another partition with this key and offset.
      if (key !== null && partitionOf(siblings, key) === partition) {
        this.#deleteKey.run(partition.topicId, key, offset);
      }
      offset++;
    }
  }

  /** Reads all keys of the topic, because corrupt chunks cannot say which ones they have. All records between are deleted. */
  #searchAndDeleteKeys(
    partition: Partition,
    siblings: readonly Partition[],
    { from, to }: { from: number; to: number },
  ): void {
    for (const { key, offset } of this.#keysBetween.all(partition.topicId, from, to)) {
      if (partitionOf(siblings, key) === partition) this.#deleteKey.run(partition.topicId, key, offset);
    }
  }

  /**
   * When the chunk was appended, at the latest. A chunk with a timestamp after `now` was appended while the clock was ahead;
   * a later chunk with a credible timestamp shows how old it is at least. Otherwise it would stop retention until the clock
   * gets there.
   */
  #appendedAt(partition: Partition, { firstOffset, timestamp }: Chunk, now: number): number {
    let wrong = firstOffset;
    let credible = partition.end - 1;
    const timestampAt = (offset: number) => this.#chunks.timestampAt(partition, offset) ?? Infinity;
    if (timestamp <= now || timestampAt(credible) > now) return timestamp;
    while (credible - wrong > 1) {
      const middle = wrong + ((credible - wrong) >> 1);
      if (timestampAt(middle) > now) wrong = middle;
      else credible = middle;
    }
    return timestampAt(credible);
  }
}
