import type { BatchToSave } from '../order-store.ts';
import { lastRecordText } from '../sql/last-record.ts';
import type { SqliteClient } from './client.ts';
import { conflict } from './conflict.ts';

const START = `INSERT INTO progress (topic, partition, next_offset, last_record) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

/** A batch that does not move the progress keeps its check value. */
const MOVE = `
  UPDATE progress SET next_offset = ?, last_record = iif(next_offset = ?, last_record, ?)
  WHERE topic = ? AND partition = ? AND next_offset = ?`;

/**
 * Invariant 3: fails if the progress of a partition has changed since `load`. Progress never moves back.
 * @throws ServiceError `progress-conflict`
 */
export function writeProgress(
  client: SqliteClient,
  { topic, loadedProgress, nextProgress, lastRecords }: BatchToSave,
): void {
  for (const partition of new Set([...loadedProgress.keys(), ...nextProgress.keys()])) {
    const loaded = loadedProgress.get(partition);
    const next = Math.max(nextProgress.get(partition) ?? 0, loaded ?? 0);
    const lastRecord = lastRecordText(next, lastRecords?.get(partition));
    const { changes } =
      loaded === undefined
        ? client.run(START, topic, partition, next, lastRecord)
        : client.run(MOVE, next, next, lastRecord, topic, partition, loaded);
    if (changes !== 1) {
      throw conflict(
        `another writer has moved the progress of partition ${partition} of ${topic}, which was ${loaded ?? 'unset'}`,
      );
    }
  }
}
