import { LRUCache } from 'lru-cache';
import type { Position } from '../base/position.ts';
import { isSameAccess, type OrderAccess } from '../order/access.ts';
import { RecentPositions } from './recent-positions.ts';

/** What the caller learns once the log holds the order durably. */
export interface Receipt {
  id: string;
  total: number;
  currency: string;
  /** milliseconds since the epoch */
  createdAt: number;
  /** undefined for an order found in the store, or if the log returned no offset */
  position: Position | undefined;
}

export interface Placed {
  receipt: Receipt;
  /** an earlier request with the same key had placed the order */
  replayed: boolean;
}

export interface KeyedOrder extends Placed {
  fingerprint: string;
  /** false if the store was unavailable, so that an earlier order with the same key may exist */
  isFirst: boolean;
}

/**
 * The orders that this process accepted recently. With it, a read without a position finds an order that is not stored
 * yet, and a repeated idempotency key finds the first order. A bounded cache: on a miss, callers ask the log and the store.
 */
export class RecentOrders {
  readonly #positions: RecentPositions;
  readonly #keyed: LRUCache<string, Promise<KeyedOrder>>;

  /** @param maxOrders a power of two, see RecentPositions */
  constructor(maxOrders: number) {
    this.#positions = new RecentPositions(maxOrders);
    this.#keyed = new LRUCache({ max: maxOrders });
  }

  /** @param access of the caller that placed the order */
  add(orderId: string, position: Position, access: OrderAccess): void {
    this.#positions.set(orderId, position, access);
  }

  /**
   * A customer or merchant finds only orders that a caller with the same access has placed. All others it must not find here: a
   * different response time would show that such an order exists.
   */
  position(orderId: string, access: OrderAccess): Position | undefined {
    if (access.kind === 'all') return this.#positions.get(orderId);
    const placedWith = this.#positions.placedWith(orderId);
    if (placedWith === undefined || !isSameAccess(placedWith, access)) return undefined;
    return this.#positions.get(orderId);
  }

  /** The first request for an id, in flight or done. */
  keyed(orderId: string): Promise<KeyedOrder> | undefined {
    return this.#keyed.get(orderId);
  }

  /** Forgets a request that fails, so that a repeat starts again. */
  addKeyed(orderId: string, first: Promise<KeyedOrder>): void {
    this.#keyed.set(orderId, first);
    first.catch(() => this.#keyed.delete(orderId));
  }

  /** When this process accepted a keyed order, milliseconds since the epoch; undefined if it did not. */
  async acceptedAt(orderId: string): Promise<number | undefined> {
    const first = await this.#keyed.peek(orderId)?.catch(() => undefined);
    return first?.receipt.createdAt;
  }
}
