/** Parts that a doubling is divided into: a bucket is at most a sixteenth of its values wide. */
const PARTS = 16;
const PARTS_BITS = 4;

/** The smallest difference that is told apart, milliseconds. */
const UNIT_MS = 1 / 16;

const MAX_UNITS = 0x7fff_ffff;

const BUCKETS = bucketOf(MAX_UNITS) + 1;

/**
 * How long things took, in milliseconds, in a fixed number of buckets: below 1 ms each is 1/16 ms wide, above it each
 * doubling has 16 of them, up to 37 hours. So a quantile is off by 1/32 of itself at most, whatever it is.
 */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** What is below zero, for clocks differ, counts as zero. */
  record(ms: number): void {
    const bucket = bucketOf(Math.min(Math.max(0, Math.floor(ms / UNIT_MS)), MAX_UNITS));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  add(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + (other.#buckets[bucket] ?? 0);
    }
    this.#count += other.#count;
  }

  reset(): void {
    this.#buckets.fill(0);
    this.#count = 0;
  }

  /** The value that a share of `q` (0 to 1) does not exceed, milliseconds; undefined where nothing was recorded. */
  quantile(q: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil(q * this.#count));
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }
}

function bucketOf(units: number): number {
  if (units < PARTS) return units;
  const doubling = 31 - Math.clz32(units) - PARTS_BITS;
  return (doubling + 1) * PARTS + ((units >>> doubling) & (PARTS - 1));
}

function middleOf(bucket: number): number {
  if (bucket < PARTS) return (bucket + 0.5) * UNIT_MS;
  const width = 2 ** (Math.floor(bucket / PARTS) - 1);
  return (PARTS + (bucket % PARTS) + 0.5) * width * UNIT_MS;
}
