import type { Database, Statement } from 'better-sqlite3';
import type { ChunkTable } from './chunk-table.ts';
import { bodyKeys } from './frames.ts';
import { relaxed } from './log-database.ts';
import type { Partition, Topic } from './topic-table.ts';

/** Drops what is done and old, oldest first; the pages it frees are used again by the next appends. */
export class Retention {
  readonly #db: Database;
  readonly #chunks: ChunkTable;
  readonly #dropKey: Statement<[number, Buffer, number]>;
  readonly #moveStart: Statement<[number, number]>;

  constructor(db: Database, chunks: ChunkTable) {
    this.#db = db;
    this.#chunks = chunks;
    this.#dropKey = db.prepare('DELETE FROM keys WHERE topic = ? AND key = ? AND offset = ?');
    this.#moveStart = db.prepare('UPDATE partitions SET start = ? WHERE slot = ?');
  }

  /**
   * One short transaction: about `budget` records that are done and older than `cutoff`, or as many as there are.
   * @returns how many; fewer than `budget` when nothing more is due
   */
  drop(topics: readonly Topic[], cutoff: number, budget: number): number {
    const starts = new Map<Partition, number>();
    let dropped = 0;
    relaxed(this.#db, () => {
      for (const partition of topics.flatMap((topic) => topic.partitions)) {
        const start = this.#dropFrom(partition, cutoff, budget - dropped);
        if (start === partition.start) continue;
        this.#moveStart.run(start, partition.slot);
        starts.set(partition, start);
        dropped += start - partition.start;
      }
    });
    for (const [partition, start] of starts) partition.start = start;
    return dropped;
  }

  #dropFrom(partition: Partition, cutoff: number, budget: number): number {
    const done = partition.consumed ? (partition.committed ?? 0) : partition.end;
    let start = partition.start;
    while (start - partition.start < budget) {
      const chunk = this.#chunks.at(partition, start);
      if (chunk === undefined || start + chunk.count > done || chunk.timestamp >= cutoff) break;
      for (const key of bodyKeys(chunk.body)) {
        if (key !== null) this.#dropKey.run(partition.topicId, key, start);
        start++;
      }
      this.#chunks.delete(partition, chunk);
    }
    return start;
  }
}
