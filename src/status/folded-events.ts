import { firstIndex } from './first-index.ts';
import type { StatusEvent } from './status-event.ts';

/** If more orders than this have events that a lagging reader has not taken, the reader is too slow. */
const MAX_ORDERS = 16_384;

/**
 * Invariant 9, for watchers: events that are no longer recent, kept only while a reader lags behind the recent ones. Of each
 * order only the latest event is kept, so a lagging reader gets the latest change of each order. All readers share them, so
 * the number of lagging readers does not matter.
 */
export class FoldedEvents {
  readonly #maxOrders: number;
  /** oldest first */
  #events: StatusEvent[] = [];
  #floor = 0;

  constructor(maxOrders = MAX_ORDERS) {
    this.#maxOrders = maxOrders;
  }

  /** A reader that has not taken the events before this sequence has missed some of them. */
  get floor(): number {
    return this.#floor;
  }

  get size(): number {
    return this.#events.length;
  }

  /**
   * @param old events that are no longer recent, oldest first
   * @param recent all events after them
   * @param needed the sequence of the oldest event that a reader needs
   */
  add(old: readonly StatusEvent[], recent: Iterable<StatusEvent>, needed: number): void {
    const kept = [...this.#events, ...old].filter(({ sequence }) => sequence >= needed);
    this.#events = kept.length === 0 ? kept : this.#latest(kept, recent);
    if (this.#events.length <= this.#maxOrders) return;
    this.#events = this.#events.slice(-this.#maxOrders);
    this.#floor = this.#events[0]?.sequence ?? this.#floor;
  }

  /** The index of the first event with this sequence or a later one. */
  indexOf(sequence: number): number {
    return firstIndex(this.#events, (event) => event.sequence >= sequence);
  }

  at(index: number): StatusEvent | undefined {
    return this.#events[index];
  }

  #latest(kept: readonly StatusEvent[], recent: Iterable<StatusEvent>): StatusEvent[] {
    const seen = new Set<string>();
    for (const { orderId } of recent) seen.add(orderId);
    const latest: StatusEvent[] = [];
    for (const event of kept.toReversed()) {
      if (seen.has(event.orderId)) continue;
      seen.add(event.orderId);
      latest.push(event);
    }
    return latest.reverse();
  }
}
