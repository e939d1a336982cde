import { EventEmitter } from 'node:events';
import { LRUCache } from 'lru-cache';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { ChangeItem } from './change-item.ts';
import { hasReached, type Positions } from './positions.ts';
import { RecentEvents } from './recent-events.ts';
import { orderToken, positionsToken } from './resume-token.ts';
import { StatusEvent, type StatusRecord } from './status-event.ts';
import { type PositionedChange, Subscription, type StatusFilter } from './subscription.ts';

/** Called once for every event, watched or not; it must be fast. */
export type EventListener = (event: StatusEvent) => void;

export type ChangeListener = (item: ChangeItem) => void;

export interface StatusHubOptions {
  codec: EventCodec;
  /** maximum number of concurrent watchers */
  maxWatchers: number;
  /** events kept for watchers that resume, and orders whose latest version is remembered */
  maxRecentEvents?: number;
  /** Other replicas read the same log, so a token may be ahead of this one. Without peers such a token is from another log. */
  hasPeers?: boolean;
  logger: Logger;
}

export interface Subscribed {
  subscription: Subscription;
  /** resumes at the start of the subscription */
  token: string;
  /** resumes from now on; undefined while items are pending */
  tokenNow: () => string | undefined;
  unsubscribe: () => void;
}

/**
 * Distributes status changes to the watchers of this process. An event without watchers costs one look-up and is not
 * decoded. An event that is published twice (a redelivered batch) is delivered once.
 */
export class StatusHub {
  readonly #options: StatusHubOptions;
  readonly #recent: RecentEvents;
  readonly #versions: LRUCache<string, number>;
  /** by channel (EventEmitter name): `event` (every event), `order:<id>`, `customer:<id>`, `merchant:<id>`, `all` */
  readonly #watchers = new EventEmitter().setMaxListeners(0);
  /** partition → next offset */
  readonly #nextOffsets: number[] = [];
  #watcherCount = 0;
  #subscriptionCount = 0;

  constructor(options: StatusHubOptions) {
    const { maxRecentEvents = 20_000 } = options;
    this.#options = options;
    this.#recent = new RecentEvents(maxRecentEvents);
    this.#versions = new LRUCache({ max: maxRecentEvents });
  }

  get watcherCount(): number {
    return this.#watcherCount;
  }

  /** All events of the partition from this offset on will be published. */
  beginAt(partition: number, offset: number): void {
    this.#nextOffsets[partition] = offset;
    this.#recent.beginAt(partition, offset);
  }

  /** Adds a listener for the lifetime of the hub. */
  onEveryEvent(listener: EventListener): void {
    this.#watchers.on('event', listener);
  }

  /**
   * Calls the listener with every change of the order from now on, until the returned function is called. To get the current
   * state as well, watch first, then read, then drop the versions that the state includes (invariant 10).
   * @throws ServiceError `overloaded`
   */
  watch(orderId: string, listener: ChangeListener): () => void {
    this.#admit();
    return this.#add(`order:${orderId}`, listener);
  }

  /**
   * Subscribes to the changes that match the filter, from now on or from a token on.
   * @throws ServiceError `overloaded`, `resume-token-too-old`
   */
  subscribe(filter: StatusFilter, from?: Positions): Subscribed {
    this.#admit();
    const subscription = new Subscription(filter);
    if (from !== undefined) {
      this.#refuseTooOld(from);
      subscription.catchUp(this.#changesSince(from), from, this.#nextOffsets);
    }
    const token = positionsToken(from ?? this.#nextOffsets);
    const tokenNow = () => subscription.tokenAt(this.#nextOffsets);
    const remove = this.#add(channelOf(filter), (change: PositionedChange, item: () => ChangeItem) => {
      subscription.offer(change, this.#nextOffsets, item);
    });
    this.#subscriptionCount += 1;
    const unsubscribe = () => {
      if (remove()) this.#subscriptionCount -= 1;
    };
    return { subscription, token, tokenNow, unsubscribe };
  }

  publish(records: readonly StatusRecord[]): void {
    for (const record of records) {
      const { partition, offset } = record;
      if (offset < (this.#nextOffsets[partition] ?? 0)) continue;
      this.#nextOffsets[partition] = offset + 1;
      const event = this.#eventOf(record);
      if (event === undefined || event.version <= (this.#versions.get(event.orderId) ?? 0)) continue;
      this.#versions.set(event.orderId, event.version);
      this.#recent.push(event);
      this.#decodable(() => this.#watchers.emit('event', event));
      this.#deliver(event);
    }
  }

  *#changesSince(from: Positions): Iterable<PositionedChange> {
    for (const event of this.#recent.since(from)) {
      const change = this.#changeOf(event);
      if (change !== undefined) yield { event, change };
    }
  }

  #deliver(event: StatusEvent): void {
    const orderChannel = `order:${event.orderId}`;
    const isWatched = this.#watchers.listenerCount(orderChannel) > 0;
    if (!isWatched && this.#subscriptionCount === 0) return;
    const change = this.#changeOf(event);
    if (change === undefined) return;
    if (isWatched) {
      const item: ChangeItem = { kind: 'change', change, token: orderToken(event.version) };
      this.#watchers.emit(orderChannel, item);
    }
    let shared: ChangeItem | undefined;
    const item = () => (shared ??= { kind: 'change', change, token: positionsToken(this.#nextOffsets) });
    for (const channel of ['all', `customer:${change.customerId}`, `merchant:${change.merchantId}`]) {
      this.#watchers.emit(channel, { event, change }, item);
    }
  }

  #admit(): void {
    const { maxWatchers } = this.#options;
    if (this.#watcherCount < maxWatchers) return;
    throw new ServiceError(
      'overloaded',
      `This replica already has ${maxWatchers} watchers. Try another replica, or try later.`,
    );
  }

  /** @returns a function that removes the listener; it returns false if it was called before */
  #add(channel: string, listener: Parameters<EventEmitter['on']>[1]): () => boolean {
    this.#watchers.on(channel, listener);
    this.#watcherCount += 1;
    let isRemoved = false;
    return () => {
      if (isRemoved) return false;
      isRemoved = true;
      this.#watcherCount -= 1;
      this.#watchers.off(channel, listener);
      return true;
    };
  }

  #refuseTooOld(from: Positions): void {
    const isFromAnotherLog = this.#options.hasPeers !== true && !hasReached(this.#nextOffsets, from);
    if (this.#recent.covers(from) && !isFromAnotherLog) return;
    throw new ServiceError(
      'resume-token-too-old',
      'Some events after this token are no longer kept. Read the current state and watch without a token.',
    );
  }

  /** Undefined for a record that another program wrote: skip it, so that it does not block later ones. */
  #eventOf(record: StatusRecord): StatusEvent | undefined {
    return this.#decodable(() => new StatusEvent(record, this.#options.codec));
  }

  #changeOf(event: StatusEvent): StatusChange | undefined {
    return this.#decodable(() => event.change());
  }

  #decodable<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      this.#options.logger.warn({ err: error }, 'a record of orders.status is not a status event');
      return undefined;
    }
  }
}

/** The narrowest channel that has all matching changes; the subscription filters the rest. */
function channelOf({ customerId, merchantId }: StatusFilter): string {
  if (customerId !== undefined) return `customer:${customerId}`;
  return merchantId === undefined ? 'all' : `merchant:${merchantId}`;
}
