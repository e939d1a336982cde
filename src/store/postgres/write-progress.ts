import type { BatchToSave } from '../order-store.ts';
import { lastRecordText } from '../sql/last-record.ts';
import type { Step } from './statement.ts';

/** Starting a partition that another writer has started violates the primary key; errors.ts turns that into `progress-conflict`. */
const START = `
  INSERT INTO progress (topic, partition, next_offset, last_record)
  SELECT $1::text, * FROM unnest($2::bigint[], $3::bigint[], $4::text[])
  RETURNING 1`;

/** A batch that does not move the progress keeps its check value. */
const MOVE = `
  UPDATE progress SET next_offset = moved.next,
    last_record = CASE WHEN progress.next_offset = moved.next THEN progress.last_record ELSE moved.last_record END
  FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS moved (partition, next, loaded, last_record)
  WHERE progress.topic = $1 AND progress.partition = moved.partition AND progress.next_offset = moved.loaded
  RETURNING 1`;

/**
 * Invariant 3: fails if the progress of a partition has changed since `load`. Progress never moves back. Rows are locked in
 * partition order, so that two writers of the same partitions cannot deadlock.
 */
export function progressSteps({ topic, loadedProgress, nextProgress, lastRecords }: BatchToSave): Step[] {
  const partitions = [...new Set([...loadedProgress.keys(), ...nextProgress.keys()])].sort((a, b) => a - b);
  const next = (partition: number) =>
    Math.max(nextProgress.get(partition) ?? 0, loadedProgress.get(partition) ?? 0);
  const lastRecord = (partition: number) => lastRecordText(next(partition), lastRecords?.get(partition));
  const known = partitions.filter((partition) => loadedProgress.has(partition));
  const fresh = partitions.filter((partition) => !loadedProgress.has(partition));
  const steps: Step[] = [];
  if (known.length > 0) {
    const loaded = known.map((partition) => loadedProgress.get(partition));
    steps.push({
      name: 'progress',
      text: MOVE,
      values: [topic, known, known.map(next), loaded, known.map(lastRecord)],
      expected: {
        rows: known.length,
        what: `another writer has moved the progress of a partition of ${topic}`,
      },
    });
  }
  if (fresh.length > 0) {
    steps.push({
      name: 'begun',
      text: START,
      values: [topic, fresh, fresh.map(next), fresh.map(lastRecord)],
    });
  }
  return steps;
}
