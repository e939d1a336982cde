import type { Position } from '../base/position.ts';

/** Slots of a bucket; a new entry overwrites the oldest of a full one. */
const WAYS = 4;

/**
 * Log positions of recent orders by order id (a UUID): a set-associative table in typed arrays, 24 bytes an order. It
 * holds no objects: in measurements tens of thousands of them, one for each order and all outliving the young generation,
 * cost the garbage collector more than everything else in a request together.
 */
export class RecentPositions {
  readonly #bucketMask: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #partitions: Uint32Array;
  /** −1: empty */
  readonly #offsets: Float64Array;
  readonly #next: Uint8Array;

  /** @param capacity orders, a power of two of at least 4 */
  constructor(capacity: number) {
    const buckets = capacity / WAYS;
    this.#bucketMask = buckets - 1;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#partitions = new Uint32Array(capacity);
    this.#offsets = new Float64Array(capacity).fill(-1);
    this.#next = new Uint8Array(buckets);
  }

  set(orderId: string, { partition, offset }: Position): void {
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
  }

  get(orderId: string): Position | undefined {
    const high = hexAt(orderId, HIGH_AT);
    const low = hexAt(orderId, LOW_AT);
    const first = (low & this.#bucketMask) * WAYS;
    for (let slot = first; slot < first + WAYS; slot += 1) {
      const offset = this.#offsets[slot] ?? -1;
      if (offset >= 0 && this.#low[slot] === low && this.#high[slot] === high) {
        return { partition: this.#partitions[slot] ?? 0, offset };
      }
    }
    return undefined;
  }
}

/** The last 62 bits of a UUID are the most random: two groups of 8 hexadecimal digits, not counting the dash between. */
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
