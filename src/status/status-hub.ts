import type { Logger } from '../base/logger.ts';
import { mayUse, type OrderAccess } from '../order/access.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { ChangeItem } from './change-item.ts';
import { deliver, filterChannel, orderChannel } from './delivery.ts';
import { IncomingEvents } from './incoming-events.ts';
import type { Lineage } from './lineage.ts';
import { type PlaceMetrics, type PlaceRequest, Places } from './places.ts';
import type { Positions } from './positions.ts';
import { ResumableEvents } from './resumable-events.ts';
import { type LogPoint, streamView, tokenOfView } from './resume-token.ts';
import type { StatusEvent, StatusRecord } from './status-event.ts';
import type { StatusFilter } from './status-filter.ts';
import { type Subscribed, Subscription } from './subscription.ts';
import { Watchers } from './watchers.ts';

/** Called once for every event, watched or not; it must be fast. */
export type EventListener = (event: StatusEvent) => void;

export type ChangeListener = (item: ChangeItem) => void;

export interface StatusHubOptions {
  codec: EventCodec;
  /** maximum number of concurrent watchers */
  maxWatchers: number;
  /** of these, how many are for requests that wait; 0 by default */
  reservedForWaits?: number;
  /** maximum number of streams of one caller, and of its waiting requests; unlimited by default */
  maxWatchersPerCaller?: number;
  metrics?: PlaceMetrics | undefined;
  /** events kept for watchers that resume, and orders whose latest version is remembered */
  maxRecentEvents?: number;
  /**
   * Reads the ends of the status topic that all replicas share, because a token may be ahead of this replica. Undefined for a
   * single process. Throws ServiceError `log-unavailable`.
   */
  sharedEnds?: (() => Promise<Positions>) | undefined;
  logger: Logger;
}

export interface WatchOptions {
  place?: PlaceRequest;
  onStartOver?: () => void;
}

/**
 * Distributes status changes to the watchers of this process. An event without watchers costs one look-up and is not
 * decoded. An event that is published twice (a redelivered batch) is delivered once.
 *
 * Invariant 12: every watch takes the access of its caller, and gets only changes of orders that it allows.
 */
export class StatusHub {
  readonly #watchers: Watchers;
  readonly #incoming: IncomingEvents;
  readonly #events: ResumableEvents;
  readonly #everyEventListeners: EventListener[] = [];
  readonly #subscriptions = new Set<Subscription>();

  constructor(options: StatusHubOptions) {
    const { maxWatchers, maxRecentEvents = 20_000, sharedEnds } = options;
    // A single process has the history for itself, so no change arrives twice.
    const rememberedOrders = sharedEnds && maxRecentEvents;
    this.#incoming = new IncomingEvents({ ...options, rememberedOrders });
    const { reservedForWaits = 0, maxWatchersPerCaller = Infinity, metrics } = options;
    const limits = { total: maxWatchers, reservedForWaits, perCaller: maxWatchersPerCaller };
    this.#watchers = new Watchers(new Places(limits, metrics));
    this.#events = new ResumableEvents(maxRecentEvents, sharedEnds);
  }

  get watcherCount(): number {
    return this.#watchers.count;
  }

  /** The next offset of each partition. */
  get positions(): Positions {
    return this.#events.nextOffsets;
  }

  /** Names the history that the offsets belong to. Without a call, tokens are valid in this process only. */
  setLineage(lineage: Lineage): void {
    this.#events.setLineage(lineage);
  }

  /**
   * Changes were lost: ends all watches, and refuses the tokens from before.
   * @param positions where each partition continues; if its offsets have started over, set another lineage as well
   */
  startOver(positions: ReadonlyMap<number, number>): void {
    this.#events.startOver(positions);
    this.#incoming.startOver();
    this.#watchers.endAll();
  }

  /** All events of the partition from this offset on will be published. */
  beginAt(partition: number, offset: number): void {
    this.#events.beginAt(partition, offset);
  }

  /** Sets the listener for changes that arrive again. They are not delivered. */
  onRepeated(listener: () => void): void {
    this.#incoming.onRepeated(listener);
  }

  /** The offset after the last command whose change was delivered, by partition of `orders.commands`. */
  commandEnds(): Map<number, number> {
    return this.#incoming.commandEnds();
  }

  /** Adds a listener for the lifetime of the hub. */
  onEveryEvent(listener: EventListener): void {
    this.#everyEventListeners.push(listener);
  }

  /**
   * Calls the listener with every change of the order from now on, if the access allows the order, until the returned function is
   * called. To get the current state as well, watch first, then read, then drop the versions that the state includes (invariant 10).
   * @param options.onStartOver called when changes may have been missed, because the log was replaced
   * @throws ServiceError `too-many-watches`, `overloaded`
   */
  watch(
    orderId: string,
    access: OrderAccess,
    listener: ChangeListener,
    { place = { kind: 'stream' }, onStartOver = () => undefined }: WatchOptions = {},
  ): () => void {
    const allowed: ChangeListener = (item) => {
      if (mayUse(access, item.change)) listener(item);
    };
    return this.#watchers.add({ channel: orderChannel(orderId), place, listener: allowed, onStartOver });
  }

  /**
   * Checks a token that may be ahead of this replica. Call it before `subscribe`.
   * @throws ServiceError `resume-token-too-old` if the log does not have the point; `log-unavailable`
   */
  checkPoint(from: LogPoint): Promise<void> {
    return this.#events.check(from);
  }

  /**
   * Subscribes to the changes that match the filter and that the access allows, from now on or from a point on.
   * @param from checked by `refuseOtherView` and `checkPoint`
   * @param caller see `PlaceRequest`
   * @throws ServiceError `too-many-watches`, `overloaded`, `resume-token-too-old`
   */
  subscribe(filter: StatusFilter, access: OrderAccess, from?: LogPoint, caller?: string): Subscribed {
    const events = this.#events;
    if (from !== undefined) events.refuseTooOld(from);
    const changeOf = (event: StatusEvent) => this.#incoming.changeOf(event);
    const view = streamView(access, filter);
    const subscription = new Subscription({ filter, access, view, events, changeOf });
    const remove = this.#watchers.add({
      channel: filterChannel(filter, access),
      place: { kind: 'stream', caller },
      listener: (event: StatusEvent, change: StatusChange) => subscription.offer(event, change),
      onStartOver: () => subscription.endByStartOver(),
    });
    if (from !== undefined) subscription.beginAt(from.positions);
    this.#subscriptions.add(subscription);
    const unsubscribe = () => {
      remove();
      this.#subscriptions.delete(subscription);
    };
    const token = tokenOfView(view, events.pointAt(from?.positions ?? events.nextOffsets));
    const tokenNow = () => subscription.tokenAt(events.nextOffsets);
    return { subscription, token, tokenNow, unsubscribe };
  }

  publish(records: readonly StatusRecord[]): void {
    for (const record of records) {
      if (!this.#events.pass(record)) continue;
      const event = this.#incoming.take(record);
      if (event === undefined) continue;
      const hasDropped = this.#events.push(event, () => this.#oldestNeeded());
      if (hasDropped) for (const subscription of this.#subscriptions) subscription.endIfTooSlow();
      this.#incoming.ifDecodable(() => this.#everyEventListeners.forEach((listener) => listener(event)));
      deliver(event, {
        watchers: this.#watchers,
        hasSubscriptions: this.#subscriptions.size > 0,
        changeOf: () => this.#incoming.changeOf(event),
        point: () => this.#events.pointAt(this.#events.nextOffsets),
      });
    }
  }

  /** The sequence of the oldest event that a reader needs. */
  #oldestNeeded(): number {
    let oldest = Infinity;
    for (const { needed } of this.#subscriptions) oldest = Math.min(oldest, needed);
    return oldest;
  }
}
