import { LRUCache } from 'lru-cache';
import type { Position } from '../base/position.ts';
import { RecentPositions } from './recent-positions.ts';

/** What a caller was told, or is about to be told, of an order that this process took. */
export interface Receipt {
  id: string;
  total: number;
  currency: string;
  /** milliseconds since the epoch */
  createdAt: number;
  /** undefined when the order was found in the store, where it needs no position any more */
  position: Position | undefined;
}

export interface KeyedReceipt {
  receipt: Receipt;
  fingerprint: string;
}

/**
 * The orders that this process took of late, so that a reader without a position finds an order which is not yet
 * stored, and a repeated idempotency key finds the first. It is a shortcut and bounded; the log and the store are
 * the truth, and whoever misses here asks them.
 */
export class RecentOrders {
  readonly #positions: RecentPositions;
  readonly #keyed: LRUCache<string, Promise<KeyedReceipt>>;

  /** @param maxOrders a power of two */
  constructor(maxOrders: number) {
    this.#positions = new RecentPositions(maxOrders);
    this.#keyed = new LRUCache({ max: maxOrders });
  }

  add(orderId: string, position: Position): void {
    this.#positions.set(orderId, position);
  }

  position(orderId: string): Position | undefined {
    return this.#positions.get(orderId);
  }

  /** The first call of an id, under way or done; it is forgotten when it fails, so that a repeat tries anew. */
  keyed(orderId: string): Promise<KeyedReceipt> | undefined {
    return this.#keyed.get(orderId);
  }

  /** When an order that came with a key was taken, milliseconds since the epoch; undefined for one not known here. */
  async acceptedAt(orderId: string): Promise<number | undefined> {
    const first = await this.#keyed.peek(orderId)?.catch(() => undefined);
    return first?.receipt.createdAt;
  }

  addKeyed(orderId: string, first: Promise<KeyedReceipt>): void {
    this.#keyed.set(orderId, first);
    first.catch(() => this.#keyed.delete(orderId));
  }
}
