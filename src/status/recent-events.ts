import { positionAt, type Positions } from './positions.ts';
import type { StatusEvent } from './status-event.ts';

/** A ring of the latest events, for watchers that resume. */
export class RecentEvents {
  readonly #capacity: number;
  /** once it is full, the oldest event is at `#oldest` */
  readonly #events: StatusEvent[] = [];
  #oldest = 0;
  /** partition → first offset from which all events are kept */
  readonly #complete: number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** All events of the partition from this offset on will be pushed. */
  beginAt(partition: number, offset: number): void {
    this.#complete[partition] = offset;
  }

  push(event: StatusEvent): void {
    if (this.#events.length < this.#capacity) {
      this.#events.push(event);
      return;
    }
    const dropped = this.#events[this.#oldest];
    if (dropped !== undefined) this.#complete[dropped.partition] = dropped.offset + 1;
    this.#events[this.#oldest] = event;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** Whether all events from these positions on are kept. */
  covers(positions: Positions): boolean {
    return this.#complete.every((offset, partition) => positionAt(positions, partition) >= offset);
  }

  /** The events at or after these positions, in the order in which they were pushed. */
  *since(positions: Positions): Iterable<StatusEvent> {
    const { length } = this.#events;
    for (let index = 0; index < length; index += 1) {
      const event = this.#events[(this.#oldest + index) % length];
      if (event !== undefined && event.offset >= positionAt(positions, event.partition)) yield event;
    }
  }
}
