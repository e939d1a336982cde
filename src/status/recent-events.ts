import { firstIndex } from './first-index.ts';
import { positionAt, type Positions } from './positions.ts';
import type { StatusEvent } from './status-event.ts';

/** The latest events, for watchers that resume. All readers share them; a reader is a sequence number. */
export class RecentEvents {
  readonly #capacity: number;
  /** Events are removed in groups, because each removal moves the others. */
  readonly #maxLength: number;
  #events: StatusEvent[] = [];
  /** the sequence of the oldest event */
  #first = 0;
  /** partition → its events, oldest first */
  #byPartition: StatusEvent[][] = [];
  /** partition → first offset from which all events are kept */
  readonly #complete: number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#maxLength = Math.ceil(capacity * 1.25);
  }

  get first(): number {
    return this.#first;
  }

  /** The sequence of the next event. */
  get end(): number {
    return this.#first + this.#events.length;
  }

  /** All events of the partition from this offset on will be pushed. */
  beginAt(partition: number, offset: number): void {
    this.#complete[partition] = offset;
  }

  push(event: StatusEvent): void {
    event.sequence = this.end;
    this.#events.push(event);
    (this.#byPartition[event.partition] ??= []).push(event);
    const dropped = this.#events[this.#events.length - 1 - this.#capacity];
    if (dropped !== undefined) this.#complete[dropped.partition] = dropped.offset + 1;
  }

  /** Removes and returns the events beyond the capacity, oldest first, if there are enough of them. */
  removeOld(): StatusEvent[] {
    if (this.#events.length < this.#maxLength) return [];
    const removed = this.#events.slice(0, -this.#capacity);
    this.#events = this.#events.slice(-this.#capacity);
    this.#first += removed.length;
    this.#byPartition = this.#byPartition.map((events) => events.slice(firstFrom(events, this.#first)));
    return removed;
  }

  at(sequence: number): StatusEvent | undefined {
    return this.#events[sequence - this.#first];
  }

  all(): Iterable<StatusEvent> {
    return this.#events;
  }

  /** The sequence of the first event at or after these positions. */
  sequenceAt(positions: Positions): number {
    let first = this.end;
    this.#byPartition.forEach((events, partition) => {
      const offset = positionAt(positions, partition);
      const event = events[firstIndex(events, (one) => one.offset >= offset)];
      if (event !== undefined) first = Math.min(first, event.sequence);
    });
    return first;
  }

  /** For each partition the offset of its first event with this sequence or a later one, or else its next offset. */
  positionsBefore(sequence: number, nextOffsets: Positions): number[] {
    const positions = [...nextOffsets];
    this.#byPartition.forEach((events, partition) => {
      const event = events[firstFrom(events, sequence)];
      if (event !== undefined) positions[partition] = event.offset;
    });
    return positions;
  }

  /** Whether all events from these positions on are kept. */
  covers(positions: Positions): boolean {
    return this.#complete.every((offset, partition) => positionAt(positions, partition) >= offset);
  }
}

function firstFrom(events: readonly StatusEvent[], sequence: number): number {
  return firstIndex(events, (event) => event.sequence >= sequence);
}
