import type { BatchToSave } from '../order-store.ts';
import type { Step } from './statement.ts';

/** A partition that was started meanwhile violates the primary key, which errors.ts takes for another writer. */
const START = `
  INSERT INTO progress (topic, partition, next_offset) SELECT $1::text, * FROM unnest($2::bigint[], $3::bigint[])
  RETURNING 1`;

const MOVE = `
  UPDATE progress SET next_offset = moved.next
  FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS moved (partition, next, loaded)
  WHERE progress.topic = $1 AND progress.partition = moved.partition AND progress.next_offset = moved.loaded
  RETURNING 1`;

/**
 * The progress of every loaded partition must be what it was then; it never moves back. The rows are locked in the order of
 * their partitions, so that two writers of the same ones wait for each other in one direction.
 */
export function progressSteps({ topic, loadedProgress, nextProgress }: BatchToSave): Step[] {
  const partitions = [...new Set([...loadedProgress.keys(), ...nextProgress.keys()])].sort((a, b) => a - b);
  const next = (partition: number) =>
    Math.max(nextProgress.get(partition) ?? 0, loadedProgress.get(partition) ?? 0);
  const known = partitions.filter((partition) => loadedProgress.has(partition));
  const fresh = partitions.filter((partition) => !loadedProgress.has(partition));
  const steps: Step[] = [];
  if (known.length > 0) {
    const loaded = known.map((partition) => loadedProgress.get(partition));
    steps.push({
      name: 'progress',
      text: MOVE,
      values: [topic, known, known.map(next), loaded],
      expected: {
        rows: known.length,
        what: `the progress of a partition of ${topic} is no longer as loaded`,
      },
    });
  }
  if (fresh.length > 0) {
    steps.push({ name: 'begun', text: START, values: [topic, fresh, fresh.map(next)] });
  }
  return steps;
}
