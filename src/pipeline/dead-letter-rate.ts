import type { Clock } from '../base/clock.ts';
import type { FailureCounts } from '../processing/flood-limit.ts';

const BUCKETS = 12;
const BUCKET_MS = 5_000;

/** How many records all lanes processed in the last minute, and how many became dead letters; in steps of 5 seconds. */
export class DeadLetterRate {
  readonly #clock: Clock;
  readonly #buckets = Array.from({ length: BUCKETS }, () => ({ tick: -1, records: 0, deadLetters: 0 }));
  readonly #holders = new Set<string>();
  #heldAt = 0;
  #heldMs = 0;

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
   * Stops the minute from moving on until every holder has released it. Otherwise a batch deferred as a flood would be
   * saved as soon as the dead letters before it were forgotten. Other lanes still add their counts.
   * @returns false when this holder holds it already
   */
  hold(holder: string): boolean {
    if (this.#holders.has(holder)) return false;
    if (this.#holders.size === 0) this.#heldAt = this.#clock();
    this.#holders.add(holder);
    return true;
  }

  release(holder: string): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0) return;
    this.#heldMs += this.#clock() - this.#heldAt;
  }

  #tick(): number {
    const now = this.#holders.size > 0 ? this.#heldAt : this.#clock();
    return Math.floor((now - this.#heldMs) / BUCKET_MS);
  }
}
