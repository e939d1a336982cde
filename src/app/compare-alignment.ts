import type { StoredProgress } from '../store/alignment-store.ts';

/** What a log and a store say about each other. Offsets are by partition number. */
export interface AlignmentView {
  /** undefined with Kafka */
  logIdentity: string | undefined;
  /** undefined if no log has claimed the store yet */
  storeIdentity: string | undefined;
  /** the oldest retained offsets; read before the progress; 0 where there is none */
  starts: readonly number[];
  progress: ReadonlyMap<number, StoredProgress>;
  /** the offsets of the next appends; read after the progress */
  ends: readonly number[];
  /** `recordCheck` of the record before the progress, where the log still has it */
  lastRecords: ReadonlyMap<number, string>;
}

/**
 * Why a partition does not match the store:
 *
 *     other-log       the log is not the one that filled the store
 *     no-partition    the log has no such partition
 *     records-gone    records that were never processed are no longer in the log
 *     ends-early      the log ends before the last record that was processed
 *     other-record    the last record that was processed is another one in the log
 */
export type MismatchKind = 'other-log' | 'no-partition' | 'records-gone' | 'ends-early' | 'other-record';

export interface Mismatch {
  kind: MismatchKind;
  partition: number;
  /** undefined if nothing was processed */
  progress: StoredProgress | undefined;
  start: number;
  end: number;
  /** the next offset to process if an operator accepts the loss; undefined if the progress is to be removed */
  resumeAt: number | undefined;
  /** an embedded log has nothing to process here and ends before the progress: the next append gets the offset `resumeAt` */
  movesLog: boolean;
}

/**
 * Finds the partitions whose log and store are from different points in time, or do not belong together. It raises no false
 * alarm while replicas append, process and delete records, as long as the view was read in the order of `readAlignment`.
 */
export function compareAlignment(view: AlignmentView): Mismatch[] {
  const { logIdentity, storeIdentity, starts, ends, progress } = view;
  const isOtherLog =
    logIdentity !== undefined && storeIdentity !== undefined && logIdentity !== storeIdentity;
  // By the ends: a partition that was added meanwhile may have progress, although it has no start yet.
  const partitions = new Set([...ends.keys(), ...progress.keys()]);
  const mismatches: Mismatch[] = [];
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    const [start, end] = [starts[partition] ?? 0, ends[partition] ?? 0];
    const found = { partition, progress: progress.get(partition), start, end };
    if (ends[partition] === undefined) {
      mismatches.push({ ...found, kind: isOtherLog ? 'other-log' : 'no-partition', ...REMOVED });
      continue;
    }
    const kind = isOtherLog ? 'other-log' : mismatchOf(partition, view);
    if (kind === undefined) continue;
    // A log with the store's identity that ends early is an older copy: the store has processed all of it.
    const isOlderCopy = kind === 'ends-early' && logIdentity !== undefined;
    const nothingToProcess = isOlderCopy || (kind === 'other-log' && start === end);
    const next = found.progress?.nextOffset ?? 0;
    // Otherwise the log would use offsets again that the store knows.
    const movesLog = nothingToProcess && next > end;
    mismatches.push({ ...found, kind, resumeAt: movesLog ? next : start, movesLog });
  }
  return mismatches;
}

const REMOVED = { resumeAt: undefined, movesLog: false };

function mismatchOf(
  partition: number,
  { starts, ends, progress, lastRecords }: AlignmentView,
): MismatchKind | undefined {
  const { nextOffset, lastRecord } = progress.get(partition) ?? { nextOffset: 0, lastRecord: undefined };
  if (nextOffset < (starts[partition] ?? 0)) return 'records-gone';
  if (nextOffset > (ends[partition] ?? 0)) return 'ends-early';
  const inLog = lastRecords.get(partition);
  const isOther = lastRecord !== undefined && inLog !== undefined && lastRecord !== inLog;
  return isOther ? 'other-record' : undefined;
}

/** One sentence without its full stop. @param topic the topic's name in the store */
export function mismatchText(topic: string, mismatch: Mismatch): string {
  const { kind, partition, progress, start, end } = mismatch;
  const name = `${topic}/${partition}`;
  const next = progress?.nextOffset ?? 0;
  switch (kind) {
    case 'other-log': {
      const held = end > start ? `has offsets ${start} to ${end - 1}` : `ends at offset ${end}`;
      return `${name}: the store was filled from another event log, up to offset ${next}, and this log ${held}`;
    }
    case 'no-partition':
      return `${name}: the store has processed it up to offset ${next}, but the log has no such partition`;
    case 'records-gone':
      return `${name}: offsets ${next} to ${start - 1} were never processed, but the log begins at offset ${start}`;
    case 'ends-early':
      return `${name}: all records before offset ${next} were processed, but the log ends at offset ${end}`;
    case 'other-record':
      return `${name}: the log has another record at offset ${next - 1} than the one that was processed`;
  }
}
