import type { Database, Statement } from 'better-sqlite3';
import type { ChunkTable } from './chunk-table.ts';
import { recordsOf } from './frames.ts';
import { relaxed } from './log-database.ts';
import type { Partition } from './topic-table.ts';

/** Deletes records that are both consumed and old, oldest first. Later appends reuse the freed pages. */
export class Retention {
  readonly #db: Database;
  readonly #chunks: ChunkTable;
  readonly #deleteKey: Statement<[number, Buffer, number]>;
  readonly #setStart: Statement<[number, number]>;

  constructor(db: Database, chunks: ChunkTable) {
    this.#db = db;
    this.#chunks = chunks;
    this.#deleteKey = db.prepare('DELETE FROM keys WHERE topic = ? AND key = ? AND offset = ?');
    this.#setStart = db.prepare('UPDATE partitions SET start = ? WHERE slot = ?');
  }

  /**
   * Deletes about `budget` records that are consumed and older than `cutoff`, in one short transaction.
   * @returns how many; fewer than `budget` when no more are due
   */
  deleteDue(partitions: readonly Partition[], cutoff: number, budget: number): number {
    const starts = new Map<Partition, number>();
    let deleted = 0;
    relaxed(this.#db, () => {
      for (const partition of partitions) {
        const start = this.#deleteFrom(partition, cutoff, budget - deleted);
        if (start === partition.start) continue;
        this.#setStart.run(start, partition.slot);
        starts.set(partition, start);
        deleted += start - partition.start;
      }
    });
    for (const [partition, start] of starts) partition.start = start;
    return deleted;
  }

  /** @returns the new start of the partition */
  #deleteFrom(partition: Partition, cutoff: number, budget: number): number {
    const consumed = partition.isConsumed ? (partition.committed ?? 0) : partition.end;
    let start = partition.start;
    while (start - partition.start < budget) {
      const chunk = this.#chunks.at(partition, start);
      if (chunk === undefined || start + chunk.count > consumed || chunk.timestamp >= cutoff) break;
      for (const { key } of recordsOf(chunk.body)) {
        if (key !== null) this.#deleteKey.run(partition.topicId, key, start);
        start++;
      }
      this.#chunks.delete(partition, chunk);
    }
    return start;
  }
}
