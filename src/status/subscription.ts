import { mayUse, type OrderAccess } from '../order/access.ts';
import type { StatusChange } from '../order/commands.ts';
import type { ChangeItem } from './change-item.ts';
import { furthest, hasReached, positionAt, type Positions } from './positions.ts';
import type { ResumableEvents } from './resumable-events.ts';
import { tokenOfView } from './resume-token.ts';
import type { StatusEvent } from './status-event.ts';
import type { StatusFilter } from './status-filter.ts';

/** What a subscriber gets from the hub. */
export interface Subscribed {
  subscription: Subscription;
  /** resumes at the start of the subscription */
  token: string;
  /** resumes from now on; undefined while items are pending */
  tokenNow: () => string | undefined;
  unsubscribe: () => void;
}

/** Bounds the work of one call: looking at events stops when none are left. */
export interface Turn {
  eventsLeft: number;
}

export interface SubscriptionOptions {
  filter: StatusFilter;
  access: OrderAccess;
  /** of the filter and the access, see `streamView` */
  view: string;
  events: ResumableEvents;
  /** undefined if the event cannot be decoded */
  changeOf: (event: StatusEvent) => StatusChange | undefined;
}

/**
 * The changes of many orders for one reader, which takes them at its own pace. It holds no changes: it is the sequence of
 * the next event to take, and the events are shared by all.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  /** the sequence of the next event to look at; undefined while there is none */
  #next: number | undefined;
  /** the positions after the last event that was looked at; known only while items need tokens of their own */
  #positions: number[] | undefined;
  /** where the reader's token is ahead of the events that it takes: events before these positions are skipped */
  #ahead: Positions | undefined;
  #hasStartedOver = false;
  #wake: () => void = () => undefined;

  /** It begins with the next event. */
  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Begins with the first event at or after these positions instead. */
  beginAt(from: Positions): void {
    const { events } = this.#options;
    const sequence = events.sequenceAt(from);
    this.#positions = events.positionsBefore(sequence);
    this.#ahead = hasReached(this.#positions, from) ? undefined : from;
    this.#moveTo(sequence);
  }

  /** The sequence of the oldest event that it has not taken; Infinity if there is none. */
  get needed(): number {
    return this.#hasStartedOver ? Infinity : (this.#next ?? Infinity);
  }

  /** It has missed events, because it lags too far behind. */
  get isTooSlow(): boolean {
    return this.needed < this.#options.events.floor;
  }

  get hasStartedOver(): boolean {
    return this.#hasStartedOver;
  }

  /** The log was replaced: the tokens of all items are no longer valid. */
  endByStartOver(): void {
    this.#hasStartedOver = true;
    this.#wake();
  }

  /** It has missed events: the reader has to know. */
  endIfTooSlow(): void {
    if (this.isTooSlow) this.#wake();
  }

  /** Calls the listener when an item is available, or the subscription has ended. */
  onReadable(listener: () => void): void {
    this.#wake = listener;
  }

  /** A new event of the channel: `take` has it. */
  offer(event: StatusEvent, change: StatusChange): void {
    if (this.#hasStartedOver || !this.#matches(change)) return;
    this.#next ??= event.sequence;
    this.#wake();
  }

  /** @returns undefined if no item is available, or if the turn is over */
  take(turn: Turn = { eventsLeft: Infinity }): ChangeItem | undefined {
    if (this.isTooSlow) return undefined;
    while (this.needed !== Infinity && turn.eventsLeft > 0) {
      turn.eventsLeft -= 1;
      const event = this.#options.events.next(this.needed);
      this.#moveTo(event === undefined ? Infinity : event.sequence + 1);
      const item = event && this.#itemOf(event);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** The token that resumes from now on; undefined while items are available. */
  tokenAt(nextOffsets: Positions): string | undefined {
    if (this.needed !== Infinity) return undefined;
    return this.#tokenOf(this.#ahead === undefined ? nextOffsets : furthest(nextOffsets, this.#ahead));
  }

  #moveTo(sequence: number): void {
    if (sequence < this.#options.events.end) {
      this.#next = sequence;
      return;
    }
    this.#next = undefined;
    // They would not see the events of others.
    this.#positions = undefined;
  }

  /** Undefined for an event that this reader does not get. */
  #itemOf(event: StatusEvent): ChangeItem | undefined {
    const isSeen = this.#ahead !== undefined && event.offset < positionAt(this.#ahead, event.partition);
    if (this.#positions !== undefined) this.#positions[event.partition] = event.offset + 1;
    const change = isSeen ? undefined : this.#options.changeOf(event);
    if (change === undefined || !this.#matches(change)) return undefined;
    return this.#ahead === undefined ? this.#shared(event, change) : this.#own(event, change, this.#ahead);
  }

  /** All readers of a view share the item, so that it is encoded once. */
  #shared(event: StatusEvent, change: StatusChange): ChangeItem {
    const { view, events } = this.#options;
    return event.itemFor(view, () => {
      event.point ??= events.pointAt(this.#positionsAfter(event));
      return { kind: 'change', change, token: tokenOfView(view, event.point) };
    });
  }

  /** The reader has seen more than the token of the shared item says. */
  #own(event: StatusEvent, change: StatusChange, ahead: Positions): ChangeItem {
    const positions = this.#positionsAfter(event);
    if (hasReached(positions, ahead)) {
      this.#ahead = undefined;
      return this.#shared(event, change);
    }
    return { kind: 'change', change, token: this.#tokenOf(furthest(positions, ahead)) };
  }

  #positionsAfter(event: StatusEvent): number[] {
    const { events } = this.#options;
    this.#positions ??= events.positionsBefore(event.sequence);
    this.#positions[event.partition] = event.offset + 1;
    return this.#positions;
  }

  #tokenOf(positions: Positions): string {
    return tokenOfView(this.#options.view, this.#options.events.pointAt(positions));
  }

  #matches(change: StatusChange): boolean {
    const { customerId, merchantId, status } = change;
    const { customerId: customer, merchantId: merchant, statuses } = this.#options.filter;
    return (
      mayUse(this.#options.access, change) &&
      (customer === undefined || customer === customerId) &&
      (merchant === undefined || merchant === merchantId) &&
      (statuses === undefined || statuses.length === 0 || statuses.includes(status))
    );
  }
}
