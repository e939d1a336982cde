import { hasCode } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';

export type ChangeListener = (change: StatusChange) => void;

/** A status event as it stands in `orders.status`: its key is the order's id. */
export type StatusRecord = Pick<LogRecord, 'key' | 'value'>;

/**
 * Fans status changes out to whoever watches an order in this process. An event that nobody watches costs one look-up
 * and is not even decoded.
 */
export class StatusHub {
  readonly #codec: EventCodec;
  readonly #maxWatchers: number;
  readonly #logger: Logger;
  readonly #watchers = new Map<string, Set<ChangeListener>>();
  #watcherCount = 0;

  /** `maxWatchers`: how many listeners there may be at once; over that `watch` answers undefined. */
  constructor(options: { codec: EventCodec; maxWatchers: number; logger: Logger }) {
    this.#codec = options.codec;
    this.#maxWatchers = options.maxWatchers;
    this.#logger = options.logger;
  }

  get watcherCount(): number {
    return this.#watcherCount;
  }

  /**
   * Calls the listener with every change of the order from now on, until the returned function is called. Whoever
   * needs the present state too watches first, reads then, and drops the versions it has.
   */
  watch(orderId: string, listener: ChangeListener): (() => void) | undefined {
    if (this.#watcherCount >= this.#maxWatchers) return undefined;
    const listeners = this.#watchers.get(orderId) ?? new Set();
    this.#watchers.set(orderId, listeners.add(listener));
    this.#watcherCount += 1;
    return () => {
      if (!listeners.delete(listener)) return;
      this.#watcherCount -= 1;
      if (listeners.size === 0) this.#watchers.delete(orderId);
    };
  }

  publish(records: readonly StatusRecord[]): void {
    if (this.#watchers.size === 0) return;
    for (const { key, value } of records) {
      const listeners = key === null ? undefined : this.#watchers.get(key.toString());
      if (listeners === undefined) continue;
      const change = this.#decode(value);
      if (change !== undefined) for (const listener of [...listeners]) listener(change);
    }
  }

  /** A record of somebody else's in our topic is nobody's change; it must not stop the others. */
  #decode(value: Buffer | null): StatusChange | undefined {
    try {
      return this.#codec.decodeStatusChange(value);
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      this.#logger.warn({ err: error }, 'a record of orders.status is not a status event');
      return undefined;
    }
  }
}
