import { LRUCache } from 'lru-cache';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { ChangeItem } from './change-item.ts';
import { Listeners } from './listeners.ts';
import { hasReached, type Positions } from './positions.ts';
import { RecentEvents } from './recent-events.ts';
import { orderToken, positionsToken } from './resume-token.ts';
import { StatusEvent, type StatusRecord } from './status-event.ts';
import { type PlacedChange, Subscription, type StatusFilter } from './subscription.ts';

/** Told of every event once, watched or not; it is quick, and looks only at what it needs. */
export type EventListener = (event: StatusEvent) => void;

export type ChangeListener = (item: ChangeItem) => void;

export interface StatusHubOptions {
  codec: EventCodec;
  /** how many may watch at once */
  maxWatchers: number;
  /** events that are kept for those who resume, and orders whose latest version is kept in mind */
  maxRecentEvents?: number;
  /** Several replicas read one log, and a token may come from one that has read further; else it is of another life. */
  hasPeers?: boolean;
  logger: Logger;
}

export interface Subscribed {
  subscription: Subscription;
  /** resumes at the beginning of the subscription */
  token: string;
  /** resumes from now on; undefined while there is something to take */
  tokenNow: () => string | undefined;
  unsubscribe: () => void;
}

const EVERY = '';

/**
 * Fans status changes out to whoever watches in this process. An event that nobody watches costs one look-up and is not
 * even decoded; one that was published twice (a redelivered batch) is passed on once.
 */
export class StatusHub {
  readonly #options: StatusHubOptions;
  readonly #recent: RecentEvents;
  readonly #versions: LRUCache<string, number>;
  readonly #orders = new Listeners<ChangeListener>();
  readonly #customers = new Listeners<Subscription>();
  readonly #merchants = new Listeners<Subscription>();
  readonly #all = new Listeners<Subscription>();
  /** next offset of every partition */
  readonly #heads: number[] = [];
  readonly #onEvent: EventListener[] = [];
  #watcherCount = 0;

  constructor(options: StatusHubOptions) {
    const { maxRecentEvents = 20_000 } = options;
    this.#options = options;
    this.#recent = new RecentEvents(maxRecentEvents);
    this.#versions = new LRUCache({ max: maxRecentEvents });
  }

  get watcherCount(): number {
    return this.#watcherCount;
  }

  /** From here on all of the partition will be published. */
  beginAt(partition: number, offset: number): void {
    this.#heads[partition] = offset;
    this.#recent.beginAt(partition, offset);
  }

  /** For as long as the hub lives. */
  onEveryEvent(listener: EventListener): void {
    this.#onEvent.push(listener);
  }

  /**
   * Calls the listener with every change of the order from now on, until the returned function is called. Whoever
   * needs the present state too watches first, reads then, and drops the versions it has.
   * @throws ServiceError `overloaded`
   */
  watch(orderId: string, listener: ChangeListener): () => void {
    this.#admit();
    return this.#leaving(this.#orders.add(orderId, listener));
  }

  /**
   * The changes that the filter lets through, from now on or from a token on.
   * @throws ServiceError `overloaded`, `resume-token-too-old`
   */
  subscribe(filter: StatusFilter, from?: Positions): Subscribed {
    this.#admit();
    const subscription = new Subscription(filter);
    if (from !== undefined) {
      this.#refuseTooOld(from);
      subscription.catchUp(this.#changesSince(from), from, this.#heads);
    }
    const token = positionsToken(from ?? this.#heads);
    const tokenNow = () => subscription.tokenAt(this.#heads);
    const unsubscribe = this.#leaving(this.#index(filter, subscription));
    return { subscription, token, tokenNow, unsubscribe };
  }

  publish(records: readonly StatusRecord[]): void {
    for (const record of records) {
      const { partition, offset } = record;
      if (offset < (this.#heads[partition] ?? 0)) continue;
      this.#heads[partition] = offset + 1;
      const event = this.#eventOf(record);
      if (event === undefined || event.version <= (this.#versions.get(event.orderId) ?? 0)) continue;
      this.#versions.set(event.orderId, event.version);
      this.#recent.push(event);
      for (const listener of this.#onEvent) this.#orNothing(() => listener(event));
      this.#tell(event);
    }
  }

  *#changesSince(from: Positions): Iterable<PlacedChange> {
    for (const event of this.#recent.since(from)) {
      const change = this.#changeOf(event);
      if (change !== undefined) yield { event, change };
    }
  }

  #tell(event: StatusEvent): void {
    const listeners = [...this.#orders.of(event.orderId)];
    const isAlone = this.#all.isEmpty && this.#customers.isEmpty && this.#merchants.isEmpty;
    const change = listeners.length === 0 && isAlone ? undefined : this.#changeOf(event);
    if (change === undefined) return;
    const ofOrder: ChangeItem = { kind: 'change', change, token: orderToken(event.version) };
    for (const listener of listeners) listener(ofOrder);
    let ofMany: ChangeItem | undefined;
    const item = () => (ofMany ??= { kind: 'change', change, token: positionsToken(this.#heads) });
    const { customerId, merchantId } = change;
    for (const concerned of [
      this.#all.of(EVERY),
      this.#customers.of(customerId),
      this.#merchants.of(merchantId),
    ]) {
      for (const subscription of concerned) subscription.offer({ event, change }, this.#heads, item);
    }
  }

  #index({ customerId, merchantId }: StatusFilter, subscription: Subscription): () => void {
    if (customerId !== undefined) return this.#customers.add(customerId, subscription);
    if (merchantId !== undefined) return this.#merchants.add(merchantId, subscription);
    return this.#all.add(EVERY, subscription);
  }

  #admit(): void {
    const { maxWatchers } = this.#options;
    if (this.#watcherCount < maxWatchers) return;
    throw new ServiceError(
      'overloaded',
      `${maxWatchers} watch here already. Watch at another replica, or later.`,
    );
  }

  #leaving(remove: () => void): () => void {
    this.#watcherCount += 1;
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      this.#watcherCount -= 1;
      remove();
    };
  }

  #refuseTooOld(from: Positions): void {
    const isOfAnotherLife = this.#options.hasPeers !== true && !hasReached(this.#heads, from);
    if (this.#recent.covers(from) && !isOfAnotherLife) return;
    throw new ServiceError(
      'resume-token-too-old',
      'Not everything that followed the token is kept here any more. Read the present state, and watch without a token.',
    );
  }

  /** A record of somebody else's in our topic is nobody's change; it must not stop the others. */
  #eventOf(record: StatusRecord): StatusEvent | undefined {
    return this.#orNothing(() => new StatusEvent(record, this.#options.codec));
  }

  #changeOf(event: StatusEvent): StatusChange | undefined {
    return this.#orNothing(() => event.change());
  }

  #orNothing<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      this.#options.logger.warn({ err: error }, 'a record of orders.status is not a status event');
      return undefined;
    }
  }
}
