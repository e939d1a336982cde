import { LRUCache } from 'lru-cache';
import type { Position } from '../base/position.ts';
import type { StatusEvent } from './status-event.ts';

/**
 * The latest commands of a partition whose changes are remembered, one bit each. A worker that repeats its batches repeats
 * fewer: it commits them every second, and before its first commit it repeats at most 100 000 (pipeline/start-positions.ts).
 */
export const REMEMBERED_COMMANDS = 131_072;

/** Kafka allows more partitions, but a number beyond this is a mistake of another program. */
const MAX_PARTITIONS = 10_000;

/**
 * Tells new changes from repeated ones. After a crash, a rebalance or a failed append, a worker publishes changes again, and a
 * zombie worker may do so late.
 *
 * A command causes at most one change, so a change is repeated if the change of its command was delivered before. This is
 * exact for any number of orders. The highest command alone would not do: a change may be missing although later ones were
 * delivered, because its append failed or its order was retried. For commands older than those remembered, versions decide.
 */
export class DeliveredChanges {
  readonly #windows = new Map<number, CommandWindow>();
  /** order id → latest version delivered */
  readonly #versions: LRUCache<string, number>;
  /** the same, for orders whose command was too old for its window; undefined until there is one */
  #oldVersions: LRUCache<string, number> | undefined;
  readonly #maxOrders: number;

  /** @param maxOrders how many orders' latest versions are remembered, and as many more for retried orders */
  constructor(maxOrders: number) {
    this.#maxOrders = maxOrders;
    this.#versions = new LRUCache({ max: maxOrders });
  }

  /** Whether the change was not delivered before; from now on it counts as delivered. */
  add({ orderId, version, cause }: Pick<StatusEvent, 'orderId' | 'version' | 'cause'>): boolean {
    const command = this.#addCommand(cause);
    if (command === 'delivered') return false;
    const known =
      this.#versions.get(orderId) ?? (command === 'old' ? this.#oldVersions?.get(orderId) : 0) ?? 0;
    if (version <= known) return false;
    this.#versions.set(orderId, version);
    if (command === 'old') {
      this.#oldVersions ??= new LRUCache({ max: this.#maxOrders });
      this.#oldVersions.set(orderId, version);
    }
    return true;
  }

  /** The offset after the last command whose change was delivered, by partition of the commands. */
  commandEnds(): Map<number, number> {
    return new Map([...this.#windows].map(([partition, { end }]) => [partition, end]));
  }

  #addCommand({ partition, offset }: Position): 'new' | 'delivered' | 'old' {
    let window = this.#windows.get(partition);
    if (window === undefined) {
      if (partition >= MAX_PARTITIONS) return 'old';
      window = new CommandWindow();
      this.#windows.set(partition, window);
    }
    return window.add(offset);
  }
}

/** A ring of bits for the latest offsets of a partition. */
class CommandWindow {
  readonly #bits = new Uint32Array(REMEMBERED_COMMANDS / 32);
  /** after the highest offset */
  #end = 0;

  get end(): number {
    return this.#end;
  }

  add(offset: number): 'new' | 'delivered' | 'old' {
    if (offset >= this.#end) this.#moveTo(offset + 1);
    else if (offset < this.#end - REMEMBERED_COMMANDS) return 'old';
    const bit = offset % REMEMBERED_COMMANDS;
    const word = this.#bits[bit >>> 5] ?? 0;
    const mask = 1 << (bit & 31);
    if ((word & mask) !== 0) return 'delivered';
    this.#bits[bit >>> 5] = word | mask;
    return 'new';
  }

  #moveTo(end: number): void {
    if (end - this.#end >= REMEMBERED_COMMANDS) {
      this.#bits.fill(0);
    } else {
      for (let offset = this.#end; offset < end; offset += 1) {
        const bit = offset % REMEMBERED_COMMANDS;
        this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
      }
    }
    this.#end = end;
  }
}
