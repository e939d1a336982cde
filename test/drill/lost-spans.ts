import type { Position } from '../../src/base/position.ts';

/** A response 202. */
export interface Acknowledgement {
  /** drill time */
  at: number;
  /** in the log; undefined if the response did not say it */
  position: Position | undefined;
}

/**
 * An operator put an older copy in place. What was acknowledged after one moment and until another may be missing;
 * everything else must be there.
 */
export interface LostSpan {
  /** drill time when the copy that was put back was begun */
  after: number;
  /** drill time when that copy was complete */
  takenBy: number;
  /** drill time when the service was down, with the copy in place */
  until: number;
  /**
   * What may be missing: `everything` when log and store went back together, `nothing` when the log still has it; otherwise
   * the records from these offsets on, by partition, because no store had applied them.
   */
  lost: 'everything' | 'nothing' | ReadonlyMap<number, number>;
  /** the store went back, so that it stores and tells some changes again */
  isRestore: boolean;
}

/** Whether the acknowledged record may be gone. */
export function mayBeLost({ at, position }: Acknowledgement, spans: readonly LostSpan[]): boolean {
  return spans.some(({ after, until, lost }) => {
    if (at <= after || at > until || lost === 'nothing') return false;
    if (lost === 'everything') return true;
    return position !== undefined && position.offset >= (lost.get(position.partition) ?? 0);
  });
}
