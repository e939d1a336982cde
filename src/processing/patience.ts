/** Samples of the durations of calls. */
const SAMPLES = 128;

/** With fewer samples, the patience is the maximum. */
const MIN_SAMPLES = 16;

/** Shorter than this, a pause of the garbage collector looks like a slow call. */
const MIN_MS = 5;

/** Nine tenths of the calls end within their typical duration; the others get as long again. */
const TYPICAL_SHARE = 0.9;
const FACTOR = 2;

/**
 * How long a batch waits for a call: twice the typical duration of the thread's recent calls. So if one call in a hundred
 * takes a second and the others a millisecond, batches wait a few milliseconds for it, not the maximum.
 */
export class Patience {
  readonly #maxMs: number;
  readonly #durations: number[] = [];
  #count = 0;

  /** @param maxMs PROCESSOR_PATIENCE_MS */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** Notes how long a call took, in milliseconds. */
  callEnded(durationMs: number): void {
    this.#durations[this.#count % SAMPLES] = durationMs;
    this.#count += 1;
  }

  /** The patience with a call, in milliseconds since the call began. */
  get ms(): number {
    if (this.#count < MIN_SAMPLES) return this.#maxMs;
    const sorted = this.#durations.toSorted((one, other) => one - other);
    const typical = sorted[Math.ceil(TYPICAL_SHARE * sorted.length) - 1] ?? this.#maxMs;
    return Math.min(this.#maxMs, Math.max(MIN_MS, FACTOR * typical));
  }
}
