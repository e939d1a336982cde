import type { Position } from '../base/position.ts';
import { KeptEvents } from './kept-events.ts';
import { type Lineage, newIdentity, singleLog } from './lineage.ts';
import { LogEnds } from './log-ends.ts';
import { hasReached, type Positions } from './positions.ts';
import { type LogPoint, pointText, tokenTooOld } from './resume-token.ts';
import type { StatusEvent } from './status-event.ts';

const OTHER_LOG =
  'This token is of other events than this service has: of another deployment, or from before its data was replaced.';

/** How far a hub has read its log, the latest events for watchers that resume, and which resume tokens it can honour. */
export class ResumableEvents {
  readonly #capacity: number;
  readonly #ends: LogEnds | undefined;
  #kept: KeptEvents;
  #lineage: Lineage = singleLog(newIdentity());
  /** partition → next offset */
  #nextOffsets: number[] = [];

  /**
   * @param capacity number of events that watchers can resume from
   * @param sharedEnds reads the ends of the log that all replicas share; undefined for a single process
   */
  constructor(capacity: number, sharedEnds: (() => Promise<Positions>) | undefined) {
    this.#capacity = capacity;
    this.#kept = new KeptEvents(capacity);
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
    this.#kept.beginAt(partition, offset);
  }

  /** Changes were lost: forgets all events, and refuses the points before these positions. */
  startOver(positions: ReadonlyMap<number, number>): void {
    this.#nextOffsets = [];
    this.#kept = new KeptEvents(this.#capacity);
    this.#ends?.forget();
    for (const [partition, offset] of positions) this.beginAt(partition, offset);
  }

  /** Moves the next offset past a record. @returns false if the record was passed before */
  pass({ partition, offset }: Position): boolean {
    if (offset < (this.#nextOffsets[partition] ?? 0)) return false;
    this.#nextOffsets[partition] = offset + 1;
    return true;
  }

  /** The sequence of the next event. */
  get end(): number {
    return this.#kept.end;
  }

  /** A reader that has not taken the events before this sequence has missed some of them. */
  get floor(): number {
    return this.#kept.floor;
  }

  /** See `KeptEvents`. */
  push(event: StatusEvent, needed: () => number): boolean {
    return this.#kept.push(event, needed);
  }

  /** The first event with this sequence or a later one. */
  next(sequence: number): StatusEvent | undefined {
    return this.#kept.next(sequence);
  }

  /** The sequence of the first event at or after these positions. */
  sequenceAt(positions: Positions): number {
    return this.#kept.sequenceAt(positions);
  }

  /** The positions before an event, for the token of the event before it. */
  positionsBefore(sequence: number): number[] {
    return this.#kept.positionsBefore(sequence, this.#nextOffsets);
  }

  /** The part of a token that is the same for all streams. */
  pointAt(positions: Positions): string {
    return pointText({ log: this.#lineage.current, positions });
  }

  /**
   * Checks a point that may be ahead of this replica.
   * @throws ServiceError `resume-token-too-old` if the log does not have the point; `log-unavailable`
   */
  async check(from: LogPoint): Promise<void> {
    this.#refuseOtherLog(from);
    if (hasReached(this.#nextOffsets, from.positions)) return;
    if ((await this.#ends?.include(from.positions)) !== true) throw tokenTooOld(OTHER_LOG);
  }

  /** @throws ServiceError `resume-token-too-old` if events after the point are no longer kept */
  refuseTooOld(from: LogPoint): void {
    this.#refuseOtherLog(from);
    if (!this.#kept.covers(from.positions)) {
      throw tokenTooOld('Some events after this token are no longer kept.');
    }
  }

  #refuseOtherLog(from: LogPoint): void {
    const isAhead = this.#ends === undefined && !hasReached(this.#nextOffsets, from.positions);
    if (isAhead || !this.#lineage.includes(from)) throw tokenTooOld(OTHER_LOG);
  }
}
