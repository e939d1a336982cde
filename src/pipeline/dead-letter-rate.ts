import type { Clock } from '../base/clock.ts';
import type { FailureCounts } from '../processing/flood-limit.ts';

const BUCKETS = 12;
const BUCKET_MS = 5_000;

/** Counts what all lanes processed in the last minute, in steps of five seconds. */
export class DeadLetterRate {
  readonly #clock: Clock;
  readonly #buckets = Array.from({ length: BUCKETS }, () => ({ tick: -1, records: 0, deadLetters: 0 }));
  readonly #holders = new Set<symbol>();
  #heldAt = 0;
  #stoodStillMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ records, deadLetters }: FailureCounts): void {
    const tick = this.#tick();
    const bucket = this.#buckets[tick % BUCKETS];
    if (bucket === undefined) return;
    if (bucket.tick !== tick) Object.assign(bucket, { tick, records: 0, deadLetters: 0 });
    bucket.records += records;
    bucket.deadLetters += deadLetters;
  }

  counts(): FailureCounts {
    const tick = this.#tick();
    const counts = { records: 0, deadLetters: 0 };
    for (const bucket of this.#buckets) {
      if (bucket.tick <= tick - BUCKETS || bucket.tick > tick) continue;
      counts.records += bucket.records;
      counts.deadLetters += bucket.deadLetters;
    }
    return counts;
  }

  /**
   * Time stands still until everybody who holds it has released it: a batch that is held back for what went before it
   * must not pass because that was forgotten meanwhile. What other lanes get done counts on.
   * @returns false when this one holds it already
   */
  hold(holder: symbol): boolean {
    if (this.#holders.has(holder)) return false;
    if (this.#holders.size === 0) this.#heldAt = this.#clock();
    this.#holders.add(holder);
    return true;
  }

  release(holder: symbol): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0) return;
    this.#stoodStillMs += this.#clock() - this.#heldAt;
  }

  #tick(): number {
    const now = this.#holders.size > 0 ? this.#heldAt : this.#clock();
    return Math.floor((now - this.#stoodStillMs) / BUCKET_MS);
  }
}
