import { EventEmitter } from 'node:events';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { ChangeItem } from './change-item.ts';
import { type Lineage, newIdentity, singleLog } from './lineage.ts';
import { LogEnds } from './log-ends.ts';
import { hasReached, type Positions } from './positions.ts';
import { RecentEvents } from './recent-events.ts';
import { orderToken, positionsToken, type ResumePoint, tokenTooOld } from './resume-token.ts';
import { StatusEvent, type StatusRecord } from './status-event.ts';
import { type PositionedChange, Subscription, type StatusFilter } from './subscription.ts';
import { DeliveredChanges } from './delivered-changes.ts';

/** Called once for every event, watched or not; it must be fast. */
export type EventListener = (event: StatusEvent) => void;

export type ChangeListener = (item: ChangeItem) => void;

export interface StatusHubOptions {
  codec: EventCodec;
  /** maximum number of concurrent watchers */
  maxWatchers: number;
  /** events kept for watchers that resume, and orders whose latest version is remembered */
  maxRecentEvents?: number;
  /**
   * Reads the ends of the status topic that all replicas share, because a token may be ahead of this replica. Undefined for a
   * single process. Throws ServiceError `log-unavailable`.
   */
  sharedEnds?: (() => Promise<Positions>) | undefined;
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
  readonly #maxRecentEvents: number;
  readonly #ends: LogEnds | undefined;
  #recent: RecentEvents;
  /** undefined if this process alone has the history */
  #delivered: DeliveredChanges | undefined;
  #lineage: Lineage = singleLog(newIdentity());
  /** by channel (EventEmitter name): `event` (every event), `order:<id>`, `customer:<id>`, `merchant:<id>`, `all` */
  readonly #watchers = new EventEmitter().setMaxListeners(0);
  /** end the watch that they belong to */
  readonly #enders = new Set<() => void>();
  /** partition → next offset */
  #nextOffsets: number[] = [];
  #watcherCount = 0;
  #subscriptionCount = 0;
  #onRepeated: () => void = () => undefined;

  constructor(options: StatusHubOptions) {
    const { maxRecentEvents = 20_000, sharedEnds } = options;
    this.#options = options;
    this.#maxRecentEvents = maxRecentEvents;
    this.#ends = sharedEnds === undefined ? undefined : new LogEnds(sharedEnds);
    this.#recent = new RecentEvents(maxRecentEvents);
    this.#delivered = sharedEnds && new DeliveredChanges(maxRecentEvents);
  }

  get watcherCount(): number {
    return this.#watcherCount;
  }

  /** The next offset of each partition. */
  get positions(): Positions {
    return this.#nextOffsets;
  }

  /** Names the history that the offsets belong to. Without a call, tokens are valid in this process only. */
  setLineage(lineage: Lineage): void {
    this.#lineage = lineage;
  }

  /**
   * Changes were lost: ends all watches, and refuses the tokens from before.
   * @param positions where each partition continues; if its offsets have started over, set another lineage as well
   */
  startOver(positions: ReadonlyMap<number, number>): void {
    this.#nextOffsets = [];
    this.#recent = new RecentEvents(this.#maxRecentEvents);
    this.#delivered &&= new DeliveredChanges(this.#maxRecentEvents);
    this.#ends?.forget();
    for (const [partition, offset] of positions) this.beginAt(partition, offset);
    for (const end of [...this.#enders]) end();
  }

  /** All events of the partition from this offset on will be published. */
  beginAt(partition: number, offset: number): void {
    this.#nextOffsets[partition] = offset;
    this.#recent.beginAt(partition, offset);
  }

  /** Sets the listener for changes that arrive again. They are not delivered. */
  onRepeated(listener: () => void): void {
    this.#onRepeated = listener;
  }

  /** The offset after the last command whose change was delivered, by partition of `orders.commands`. */
  commandEnds(): Map<number, number> {
    return this.#delivered?.commandEnds() ?? new Map<number, number>();
  }

  /** Adds a listener for the lifetime of the hub. */
  onEveryEvent(listener: EventListener): void {
    this.#watchers.on('event', listener);
  }

  /**
   * Calls the listener with every change of the order from now on, until the returned function is called. To get the current
   * state as well, watch first, then read, then drop the versions that the state includes (invariant 10).
   * @param onStartOver called when changes may have been missed, because the log was replaced
   * @throws ServiceError `overloaded`
   */
  watch(orderId: string, listener: ChangeListener, onStartOver: () => void = () => undefined): () => void {
    this.#admit();
    return this.#add(`order:${orderId}`, listener, onStartOver);
  }

  /**
   * Checks a token that may be ahead of this replica. Call it before `subscribe`.
   * @throws ServiceError `resume-token-too-old` if the log does not have the point; `log-unavailable`
   */
  async checkPoint(from: ResumePoint): Promise<void> {
    this.#refuseOtherLog(from);
    if (hasReached(this.#nextOffsets, from.positions)) return;
    if ((await this.#ends?.include(from.positions)) !== true) throw tokenTooOld(OTHER_LOG);
  }

  /**
   * Subscribes to the changes that match the filter, from now on or from a point on.
   * @param from checked by `checkPoint`
   * @throws ServiceError `overloaded`, `resume-token-too-old`
   */
  subscribe(filter: StatusFilter, from?: ResumePoint): Subscribed {
    this.#admit();
    const subscription = new Subscription(filter, (positions) => this.#tokenAt(positions));
    if (from !== undefined) {
      const { positions } = from;
      this.#refuseTooOld(from);
      subscription.catchUp(this.#changesSince(positions), positions, this.#nextOffsets);
    }
    const token = this.#tokenAt(from?.positions ?? this.#nextOffsets);
    const tokenNow = () => subscription.tokenAt(this.#nextOffsets);
    const remove = this.#add(
      channelOf(filter),
      (change: PositionedChange, item: () => ChangeItem) => {
        subscription.offer(change, this.#nextOffsets, item);
      },
      () => subscription.endByStartOver(),
    );
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
      if (event === undefined || !this.#isNew(event)) continue;
      this.#recent.push(event);
      this.#decodable(() => this.#watchers.emit('event', event));
      this.#deliver(event);
    }
  }

  #isNew(event: StatusEvent): boolean {
    const delivered = this.#delivered;
    if (delivered === undefined) return true;
    const isNew = this.#decodable(() => delivered.add(event));
    if (isNew === false) this.#onRepeated();
    return isNew === true;
  }

  #tokenAt(positions: Positions): string {
    return positionsToken({ log: this.#lineage.current, positions });
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
      const item: ChangeItem = { kind: 'change', change, token: orderToken(change) };
      this.#watchers.emit(orderChannel, item);
    }
    let shared: ChangeItem | undefined;
    const item = () => (shared ??= { kind: 'change', change, token: this.#tokenAt(this.#nextOffsets) });
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
  #add(channel: string, listener: Parameters<EventEmitter['on']>[1], onStartOver: () => void): () => boolean {
    // Its own function, because two watches may pass the same one.
    const end = () => onStartOver();
    this.#watchers.on(channel, listener);
    this.#enders.add(end);
    this.#watcherCount += 1;
    let isRemoved = false;
    return () => {
      if (isRemoved) return false;
      isRemoved = true;
      this.#watcherCount -= 1;
      this.#watchers.off(channel, listener);
      this.#enders.delete(end);
      return true;
    };
  }

  #refuseOtherLog(from: ResumePoint): void {
    const isAhead = this.#ends === undefined && !hasReached(this.#nextOffsets, from.positions);
    if (isAhead || !this.#lineage.includes(from)) throw tokenTooOld(OTHER_LOG);
  }

  #refuseTooOld(from: ResumePoint): void {
    this.#refuseOtherLog(from);
    if (!this.#recent.covers(from.positions)) {
      throw tokenTooOld('Some events after this token are no longer kept.');
    }
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

const OTHER_LOG =
  'This token is of other events than this service has: of another deployment, or from before its data was replaced.';

/** The narrowest channel that has all matching changes; the subscription filters the rest. */
function channelOf({ customerId, merchantId }: StatusFilter): string {
  if (customerId !== undefined) return `customer:${customerId}`;
  return merchantId === undefined ? 'all' : `merchant:${merchantId}`;
}
