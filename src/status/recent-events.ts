import { positionAt, type Positions } from './positions.ts';
import type { StatusEvent } from './status-event.ts';

/** The latest events in the order in which they came, so many at most: whoever was cut off goes on from among them. */
export class RecentEvents {
  readonly #capacity: number;
  /** a ring: the oldest stands at `#oldest` once it is full */
  readonly #events: StatusEvent[] = [];
  #oldest = 0;
  /** of each partition: nothing from here on was forgotten */
  readonly #complete: number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** What comes of this partition will be complete from this offset on. */
  beginAt(partition: number, offset: number): void {
    this.#complete[partition] = offset;
  }

  push(event: StatusEvent): void {
    if (this.#events.length < this.#capacity) {
      this.#events.push(event);
      return;
    }
    const forgotten = this.#events[this.#oldest];
    if (forgotten !== undefined) this.#complete[forgotten.partition] = forgotten.offset + 1;
    this.#events[this.#oldest] = event;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** Whether everything from these positions on is still here. */
  covers(positions: Positions): boolean {
    return this.#complete.every((offset, partition) => positionAt(positions, partition) >= offset);
  }

  /** Those at or after these positions, in the order in which they came. */
  *since(positions: Positions): Iterable<StatusEvent> {
    const { length } = this.#events;
    for (let index = 0; index < length; index += 1) {
      const event = this.#events[(this.#oldest + index) % length];
      if (event !== undefined && event.offset >= positionAt(positions, event.partition)) yield event;
    }
  }
}
