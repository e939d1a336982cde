import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { ChangeItem } from './change-item.ts';
import { PendingItems } from './pending-items.ts';
import { furthest, hasReached, positionAt, type Positions } from './positions.ts';

export interface StatusFilter {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  /** empty: all statuses */
  statuses?: readonly OrderStatus[] | undefined;
}

/** A change and its position. */
export interface PositionedChange {
  event: Position;
  change: StatusChange;
}

/** The changes of many orders for one reader, which takes them at its own pace. */
export class Subscription {
  readonly #filter: StatusFilter;
  readonly #tokenOf: (positions: Positions) => string;
  #pending = new PendingItems();
  #hasStartedOver = false;
  #wake: () => void = () => undefined;
  /** set while a reader's token is ahead of this replica: events before these positions are skipped */
  #ahead: Positions | undefined;

  constructor(filter: StatusFilter, tokenOf: (positions: Positions) => string) {
    this.#filter = filter;
    this.#tokenOf = tokenOf;
  }

  get isTooSlow(): boolean {
    return this.#pending.hasOverflowed && this.#pending.isEmpty;
  }

  get hasStartedOver(): boolean {
    return this.#hasStartedOver;
  }

  /** The log was replaced: drops the pending items, whose tokens are no longer valid. */
  endByStartOver(): void {
    this.#hasStartedOver = true;
    this.#pending = new PendingItems();
    this.#wake();
  }

  /** Calls the listener when an item is available. */
  onReadable(listener: () => void): void {
    this.#wake = listener;
  }

  take(): ChangeItem | undefined {
    return this.#pending.take();
  }

  /** Starts with the changes between `from` and the hub's next offsets. */
  catchUp(missed: Iterable<PositionedChange>, from: Positions, nextOffsets: Positions): void {
    const seen = [...from];
    for (const { event, change } of missed) {
      seen[event.partition] = event.offset + 1;
      if (this.#matches(change)) this.#pending.push({ kind: 'change', change, token: this.#tokenOf(seen) });
    }
    if (!hasReached(nextOffsets, from)) this.#ahead = from;
  }

  /** Offers a new event; `item` creates the object that all subscriptions share. */
  offer({ event, change }: PositionedChange, nextOffsets: Positions, item: () => ChangeItem): void {
    if (this.#hasStartedOver) return;
    if (this.#ahead === undefined) {
      if (this.#matches(change)) this.#push(item());
      return;
    }
    if (event.offset >= positionAt(this.#ahead, event.partition) && this.#matches(change)) {
      this.#push({ kind: 'change', change, token: this.#tokenOf(furthest(nextOffsets, this.#ahead)) });
    }
    if (hasReached(nextOffsets, this.#ahead)) this.#ahead = undefined;
  }

  /** The token that resumes from now on; undefined while items are pending. */
  tokenAt(nextOffsets: Positions): string | undefined {
    if (!this.#pending.isEmpty || this.#pending.hasOverflowed) return undefined;
    return this.#tokenOf(this.#ahead === undefined ? nextOffsets : furthest(nextOffsets, this.#ahead));
  }

  #push(item: ChangeItem): void {
    this.#pending.push(item);
    this.#wake();
  }

  #matches({ customerId, merchantId, status }: StatusChange): boolean {
    const { customerId: customer, merchantId: merchant, statuses } = this.#filter;
    return (
      (customer === undefined || customer === customerId) &&
      (merchant === undefined || merchant === merchantId) &&
      (statuses === undefined || statuses.length === 0 || statuses.includes(status))
    );
  }
}
