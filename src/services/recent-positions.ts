import { UNKNOWN_OFFSET, type Position } from '../base/position.ts';
import type { OrderAccess } from '../order/access.ts';

/** Entries per bucket; in a full bucket a new entry replaces the oldest. */
const WAYS = 4;

/** Of an entry: both groups of digits of its id, its partition, and the lower and upper bits of its offset. */
const WORDS = 5;
const [HIGH, LOW, PARTITION, OFFSET_LOW, OFFSET_HIGH] = [0, 1, 2, 3, 4] as const;

/** As the partition: there is no entry. As the upper bits of the offset: Kafka did not say the offset. */
const NONE = 0xff_ff_ff_ff;
const WORD_VALUES = 0x1_00_00_00_00;

/**
 * Maps order ids (UUIDs) to log positions: a set-associative table in a typed array, 20 bytes per order, of which those of one entry are
 * neighbours in memory. A map with one object per order was measured: tens of thousands of objects that outlive the young
 * generation made garbage collection cost more than the rest of a request.
 */
export class RecentPositions {
  readonly #bucketMask: number;
  readonly #words: Uint32Array;
  /** References to the access of principals, which exist anyway: nothing is allocated per order. */
  readonly #placedWith: (OrderAccess | undefined)[];
  readonly #next: Uint8Array;

  /** @param capacity number of orders; a power of two, at least 4 */
  constructor(capacity: number) {
    const buckets = capacity / WAYS;
    this.#bucketMask = buckets - 1;
    this.#words = new Uint32Array(capacity * WORDS).fill(NONE);
    this.#placedWith = new Array<OrderAccess | undefined>(capacity).fill(undefined);
    this.#next = new Uint8Array(buckets);
  }

  set(orderId: string, { partition, offset }: Position, placedWith: OrderAccess): void {
    const low = hexAt(orderId, LOW_AT);
    const bucket = low & this.#bucketMask;
    const way = this.#next[bucket] ?? 0;
    this.#next[bucket] = (way + 1) % WAYS;
    const slot = bucket * WAYS + way;
    const words = this.#words;
    const at = slot * WORDS;
    words[at + HIGH] = hexAt(orderId, HIGH_AT);
    words[at + LOW] = low;
    words[at + PARTITION] = partition;
    words[at + OFFSET_LOW] = offset;
    words[at + OFFSET_HIGH] = offset === UNKNOWN_OFFSET ? NONE : Math.floor(offset / WORD_VALUES);
    // Writing a reference costs more than reading it, and most are the same.
    if (this.#placedWith[slot] !== placedWith) this.#placedWith[slot] = placedWith;
  }

  get(orderId: string): Position | undefined {
    const slot = this.#slotOf(orderId);
    if (slot === undefined) return undefined;
    const at = slot * WORDS;
    const high = this.#words[at + OFFSET_HIGH] ?? 0;
    const offset = high === NONE ? UNKNOWN_OFFSET : high * WORD_VALUES + (this.#words[at + OFFSET_LOW] ?? 0);
    return { partition: this.#words[at + PARTITION] ?? 0, offset };
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
      const at = slot * WORDS;
      const isSame = this.#words[at + LOW] === low && this.#words[at + HIGH] === high;
      if (isSame && this.#words[at + PARTITION] !== NONE) return slot;
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
