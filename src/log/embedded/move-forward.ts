import type { Database } from 'better-sqlite3';
import { SLOT_SIZE } from './log-database.ts';
import { type Partition, partitionOf } from './topic-table.ts';

export interface Moves {
  topicId: number;
  /** all partitions of the topic */
  partitions: readonly Partition[];
  /** those to move */
  moved: readonly Partition[];
  /** by partition number, for those to move */
  nextOffsets: ReadonlyMap<number, number>;
}

/** Deletes all records of the moved partitions, so that each starts and ends at its next offset. All or nothing. */
export function deleteAllBefore(db: Database, { topicId, partitions, moved, nextOffsets }: Moves): void {
  const deleteChunks = db.prepare<[number, number]>('DELETE FROM chunks WHERE id >= ? AND id < ?');
  const setStart = db.prepare<[number, number]>('UPDATE partitions SET start = ? WHERE slot = ?');
  const setCommitted = db.prepare<[number, number]>(
    'UPDATE group_offsets SET next_offset = ? WHERE slot = ?',
  );
  // A key has only rows of its own partition.
  db.function('is_moved', { deterministic: true }, (key: unknown) =>
    Number(moved.includes(partitionOf(partitions, key as Buffer))),
  );
  const deleteKeys = db.prepare<[number]>('DELETE FROM keys WHERE topic = ? AND is_moved(key)');
  db.transaction(() => {
    for (const { slot, number, end } of moved) {
      const next = nextOffsets.get(number) as number;
      if (next < end) throw new Error(`partition ${number} ends at offset ${end}, not before ${next}`);
      deleteChunks.run(slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE);
      setStart.run(next, slot);
      setCommitted.run(next, slot);
    }
    deleteKeys.run(topicId);
  })();
}
