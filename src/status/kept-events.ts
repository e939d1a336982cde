import { FoldedEvents } from './folded-events.ts';
import type { Positions } from './positions.ts';
import { RecentEvents } from './recent-events.ts';
import type { StatusEvent } from './status-event.ts';

/** The events that readers can still take: all recent ones, and older ones folded while a reader needs them. */
export class KeptEvents {
  readonly #recent: RecentEvents;
  readonly #folded: FoldedEvents;

  /**
   * @param capacity number of recent events
   * @param maxFoldedOrders see `FoldedEvents`
   */
  constructor(capacity: number, maxFoldedOrders?: number) {
    this.#recent = new RecentEvents(capacity);
    this.#folded = new FoldedEvents(maxFoldedOrders);
  }

  /** The sequence of the next event. */
  get end(): number {
    return this.#recent.end;
  }

  /** A reader that has not taken the events before this sequence has missed some of them. */
  get floor(): number {
    return this.#folded.floor;
  }

  /** All events of the partition from this offset on will be pushed. */
  beginAt(partition: number, offset: number): void {
    this.#recent.beginAt(partition, offset);
  }

  /**
   * @param needed the sequence of the oldest event that a reader needs; called only now and then
   * @returns whether `floor` has risen
   */
  push(event: StatusEvent, needed: () => number): boolean {
    this.#recent.push(event);
    const old = this.#recent.removeOld();
    if (old.length === 0) return false;
    const { floor } = this.#folded;
    this.#folded.add(old, this.#recent.all(), needed());
    return this.#folded.floor > floor;
  }

  /** Whether all events from these positions on are recent. */
  covers(positions: Positions): boolean {
    return this.#recent.covers(positions);
  }

  /** The first event with this sequence or a later one. */
  next(sequence: number): StatusEvent | undefined {
    const { first } = this.#recent;
    if (sequence >= first) return this.#recent.at(sequence);
    return this.#folded.at(this.#folded.indexOf(sequence)) ?? this.#recent.at(first);
  }

  /** The sequence of the first recent event at or after these positions. */
  sequenceAt(positions: Positions): number {
    return this.#recent.sequenceAt(positions);
  }

  /** For each partition the offset of its first event with this sequence or a later one, or else its next offset. */
  positionsBefore(sequence: number, nextOffsets: Positions): number[] {
    const positions = this.#recent.positionsBefore(sequence, nextOffsets);
    if (sequence >= this.#recent.first) return positions;
    const from = this.#folded.indexOf(sequence);
    for (let index = this.#folded.size - 1; index >= from; index -= 1) {
      const event = this.#folded.at(index);
      if (event !== undefined) positions[event.partition] = event.offset;
    }
    return positions;
  }
}
