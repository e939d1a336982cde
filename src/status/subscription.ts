import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { ChangeItem } from './change-item.ts';
import { PendingItems } from './pending-items.ts';
import { furthest, hasReached, positionAt, type Positions } from './positions.ts';
import { positionsToken } from './resume-token.ts';

export interface StatusFilter {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  /** none: all */
  statuses?: readonly OrderStatus[] | undefined;
}

/** A change, and where it stands. */
export interface PlacedChange {
  event: Position;
  change: StatusChange;
}

/** The changes of many orders for one reader, who takes them when it can. */
export class Subscription {
  readonly #filter: StatusFilter;
  readonly #pending = new PendingItems();
  #wake: () => void = () => undefined;
  /** of whoever comes from a replica that had read further than this one: what lies before was seen there */
  #ahead: Positions | undefined;

  constructor(filter: StatusFilter) {
    this.#filter = filter;
  }

  get isTooSlow(): boolean {
    return this.#pending.hasOverflowed && this.#pending.isEmpty;
  }

  /** Calls the listener when `take` has something again. */
  onReadable(listener: () => void): void {
    this.#wake = listener;
  }

  take(): ChangeItem | undefined {
    return this.#pending.take();
  }

  /** Begins with what the reader has missed: what came after `from`, up to where the hub is (`heads`). */
  catchUp(missed: Iterable<PlacedChange>, from: Positions, heads: Positions): void {
    const seen = [...from];
    for (const { event, change } of missed) {
      seen[event.partition] = event.offset + 1;
      if (this.#wants(change)) this.#pending.push({ kind: 'change', change, token: positionsToken(seen) });
    }
    if (!hasReached(heads, from)) this.#ahead = from;
  }

  /** An event that has just come; `item` is made once for all who want it. */
  offer({ event, change }: PlacedChange, heads: Positions, item: () => ChangeItem): void {
    if (this.#ahead === undefined) {
      if (this.#wants(change)) this.#push(item());
      return;
    }
    if (event.offset >= positionAt(this.#ahead, event.partition) && this.#wants(change)) {
      this.#push({ kind: 'change', change, token: positionsToken(furthest(heads, this.#ahead)) });
    }
    if (hasReached(heads, this.#ahead)) this.#ahead = undefined;
  }

  /** Undefined while something waits to be taken. */
  tokenAt(heads: Positions): string | undefined {
    if (!this.#pending.isEmpty || this.#pending.hasOverflowed) return undefined;
    return positionsToken(this.#ahead === undefined ? heads : furthest(heads, this.#ahead));
  }

  #push(item: ChangeItem): void {
    this.#pending.push(item);
    this.#wake();
  }

  #wants({ customerId, merchantId, status }: StatusChange): boolean {
    const { customerId: customer, merchantId: merchant, statuses } = this.#filter;
    return (
      (customer === undefined || customer === customerId) &&
      (merchant === undefined || merchant === merchantId) &&
      (statuses === undefined || statuses.length === 0 || statuses.includes(status))
    );
  }
}
