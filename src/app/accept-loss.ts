import { type EventLog, TOPICS } from '../log/event-log.ts';
import type { AlignmentStore } from '../store/alignment-store.ts';
import { readAlignment, type ReadableLog } from './alignment.ts';
import { compareAlignment, mismatchText, type Mismatch } from './compare-alignment.ts';

/**
 * Finds what is missing if a log and a store do not match, and unless it is a dry run, makes the store go on without it. No
 * service may use the store meanwhile.
 * @returns one sentence for each partition and its consequence; empty if log and store belong together
 * @throws ServiceError `progress-conflict`, `log-unavailable`, `store-unavailable`
 */
export async function acceptLoss(
  log: ReadableLog & Pick<EventLog, 'moveForward'>,
  store: AlignmentStore,
  { dryRun }: { dryRun: boolean },
): Promise<string[]> {
  const topic = log.progressName(TOPICS.commands);
  const mismatches = compareAlignment(await readAlignment(log, (topic) => store.read(topic)));
  if (mismatches.length > 0 && !dryRun) {
    const changes = mismatches.map(({ partition, progress, resumeAt }) => {
      const next = resumeAt === undefined ? undefined : { nextOffset: resumeAt, lastRecord: undefined };
      return [partition, { loaded: progress, next }] as const;
    });
    const moved = mismatches.flatMap(({ partition, resumeAt, movesLog }) =>
      movesLog && resumeAt !== undefined ? [[partition, resumeAt] as const] : [],
    );
    // The log first: until the store has adopted it, the next run finds the same mismatches, or none that need the store.
    if (moved.length > 0) await log.moveForward?.(TOPICS.commands, new Map(moved));
    await store.accept(topic, log.identity(), new Map(changes));
  }
  return mismatches.map((mismatch) => `${mismatchText(topic, mismatch)}. ${consequence(mismatch)}`);
}

/** What is lost, and where processing goes on. */
function consequence({ kind, progress, start, end, resumeAt }: Mismatch): string {
  const next = progress?.nextOffset ?? 0;
  const goesOn = `Processing goes on at offset ${resumeAt ?? 0}.`;
  switch (kind) {
    case 'records-gone':
      return `${records(start - next)} lost. ${goesOn}`;
    case 'ends-early':
      return (
        `The log misses ${next - end} of the processed records, and everything that was accepted after them is lost. ` +
        goesOn
      );
    case 'other-record':
      return `Everything that was accepted after the processed records is lost. ${goesOn} ${AGAIN}`;
    case 'other-log':
      return resumeAt === undefined
        ? 'This log has no such partition: its progress is removed.'
        : `What only the other log had after offset ${next} is lost. ${goesOn}`;
    case 'no-partition':
      return 'Its progress is removed.';
  }
}

/** Statuses never come back, so a request that was granted once is refused the second time. */
const AGAIN =
  'Records that the store knows change nothing the second time, but a transition request that was refused may be granted now.';

function records(count: number): string {
  return count === 1 ? '1 record is' : `${count} records are`;
}
