import type { Position } from '../base/position.ts';
import type { OrderAccess } from '../order/access.ts';

/** Entries per bucket; in a full bucket a new entry replaces the oldest. */
const WAYS = 4;

/**
 * Maps order ids (UUIDs) to log positions: a set-associative table in typed arrays, 24 bytes per order. A map with one
 * object per order was measured: tens of thousands of objects that outlive the young generation made garbage collection
 * cost more than the rest of a request.
 */
export class RecentPositions {
  readonly #bucketMask: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #partitions: Uint32Array;
  /** −1: empty */
  readonly #offsets: Float64Array;
  /** References to the access of principals, which exist anyway: nothing is allocated per order. */
  readonly #placedWith: (OrderAccess | undefined)[];
  readonly #next: Uint8Array;

  /** @param capacity number of orders; a power of two, at least 4 */
  constructor(capacity: number) {
    const buckets = capacity / WAYS;
    this.#bucketMask = buckets - 1;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#partitions = new Uint32Array(capacity);
    this.#offsets = new Float64Array(capacity).fill(-1);
    this.#placedWith = new Array<OrderAccess | undefined>(capacity).fill(undefined);
    this.#next = new Uint8Array(buckets);
  }

  set(orderId: string, { partition, offset }: Position, placedWith: OrderAccess): void {
    const high = hexAt(orderId, HIGH_AT);
    const low = hexAt(orderId, LOW_AT);
    const bucket = low & this.#bucketMask;
    const way = this.#next[bucket] ?? 0;
    this.#next[bucket] = (way + 1) % WAYS;
    const slot = bucket * WAYS + way;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#partitions[slot] = partition;
    this.#offsets[slot] = offset;
    this.#placedWith[slot] = placedWith;
  }

  get(orderId: string): Position | undefined {
    const slot = this.#slotOf(orderId);
    if (slot === undefined) return undefined;
    return { partition: this.#partitions[slot] ?? 0, offset: this.#offsets[slot] ?? 0 };
  }

  /** The access of the caller that placed the order. */
  placedWith(orderId: string): OrderAccess | undefined {
    const slot = this.#slotOf(orderId);
    return slot === undefined ? undefined : this.#placedWith[slot];
  }

  #slotOf(orderId: string): number | undefined {
    const high = hexAt(orderId, HIGH_AT);
    const low = hexAt(orderId, LOW_AT);
    const first = (low & this.#bucketMask) * WAYS;
    for (let slot = first; slot < first + WAYS; slot += 1) {
      const offset = this.#offsets[slot] ?? -1;
      if (offset >= 0 && this.#low[slot] === low && this.#high[slot] === high) return slot;
    }
    return undefined;
  }
}

/** Start of two groups of 8 hexadecimal digits (dashes not counted) in the last 62 bits of a UUID, its most random part. */
const HIGH_AT = 19;
const LOW_AT = 28;
const DIGITS = 8;

function hexAt(uuid: string, start: number): number {
  let value = 0;
  for (let index = start, digits = 0; digits < DIGITS; index += 1) {
    const code = uuid.charCodeAt(index);
    if (code === DASH) continue;
    value = (value << 4) | ((code & 0xf) + (code > NINE ? 9 : 0));
    digits += 1;
  }
  return value >>> 0;
}

const DASH = 0x2d;
const NINE = 0x39;
