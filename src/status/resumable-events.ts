import type { Position } from '../base/position.ts';
import { type Lineage, newIdentity, singleLog } from './lineage.ts';
import { LogEnds } from './log-ends.ts';
import { hasReached, type Positions } from './positions.ts';
import { RecentEvents } from './recent-events.ts';
import { positionsToken, type ResumePoint, tokenTooOld } from './resume-token.ts';
import type { StatusEvent } from './status-event.ts';

const OTHER_LOG =
  'This token is of other events than this service has: of another deployment, or from before its data was replaced.';

/** How far a hub has read its log, the latest events for watchers that resume, and which resume tokens it can honour. */
export class ResumableEvents {
  readonly #capacity: number;
  readonly #ends: LogEnds | undefined;
  #recent: RecentEvents;
  #lineage: Lineage = singleLog(newIdentity());
  /** partition → next offset */
  #nextOffsets: number[] = [];

  /**
   * @param capacity maximum number of events
   * @param sharedEnds reads the ends of the log that all replicas share; undefined for a single process
   */
  constructor(capacity: number, sharedEnds: (() => Promise<Positions>) | undefined) {
    this.#capacity = capacity;
    this.#recent = new RecentEvents(capacity);
    this.#ends = sharedEnds === undefined ? undefined : new LogEnds(sharedEnds);
  }

  get nextOffsets(): Positions {
    return this.#nextOffsets;
  }

  setLineage(lineage: Lineage): void {
    this.#lineage = lineage;
  }

  /** All events of the partition from this offset on will be pushed. */
  beginAt(partition: number, offset: number): void {
    this.#nextOffsets[partition] = offset;
    this.#recent.beginAt(partition, offset);
  }

  /** Changes were lost: forgets all events, and refuses the points before these positions. */
  startOver(positions: ReadonlyMap<number, number>): void {
    this.#nextOffsets = [];
    this.#recent = new RecentEvents(this.#capacity);
    this.#ends?.forget();
    for (const [partition, offset] of positions) this.beginAt(partition, offset);
  }

  /** Moves the next offset past a record. @returns false if the record was passed before */
  pass({ partition, offset }: Position): boolean {
    if (offset < (this.#nextOffsets[partition] ?? 0)) return false;
    this.#nextOffsets[partition] = offset + 1;
    return true;
  }

  push(event: StatusEvent): void {
    this.#recent.push(event);
  }

  since(positions: Positions): Iterable<StatusEvent> {
    return this.#recent.since(positions);
  }

  tokenAt(positions: Positions): string {
    return positionsToken({ log: this.#lineage.current, positions });
  }

  /**
   * Checks a point that may be ahead of this replica.
   * @throws ServiceError `resume-token-too-old` if the log does not have the point; `log-unavailable`
   */
  async check(from: ResumePoint): Promise<void> {
    this.#refuseOtherLog(from);
    if (hasReached(this.#nextOffsets, from.positions)) return;
    if ((await this.#ends?.include(from.positions)) !== true) throw tokenTooOld(OTHER_LOG);
  }

  /** @throws ServiceError `resume-token-too-old` if events after the point are no longer kept */
  refuseTooOld(from: ResumePoint): void {
    this.#refuseOtherLog(from);
    if (!this.#recent.covers(from.positions)) {
      throw tokenTooOld('Some events after this token are no longer kept.');
    }
  }

  #refuseOtherLog(from: ResumePoint): void {
    const isAhead = this.#ends === undefined && !hasReached(this.#nextOffsets, from.positions);
    if (isAhead || !this.#lineage.includes(from)) throw tokenTooOld(OTHER_LOG);
  }
}
