import type { MonotonicClock } from '../base/clock.ts';
import type { FailureCounts } from '../processing/flood-limit.ts';

const BUCKETS = 12;
const BUCKET_MS = 5_000;

/** Counts the records and the dead letters of all lanes over the last minute, in buckets of 5 seconds. */
export class DeadLetterRate {
  readonly #clock: MonotonicClock;
  readonly #buckets = Array.from({ length: BUCKETS }, () => ({ tick: -1, records: 0, deadLetters: 0 }));
  readonly #frozenBy = new Set<string>();
  #frozenAt = 0;
  #frozenMs = 0;

  constructor(clock: MonotonicClock) {
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
   * Freezes the one-minute window while a batch is deferred, until every step has unfrozen it; other lanes still add
   * their counts. Otherwise the earlier dead letters would leave the window and the deferred batch would pass the limit.
   * @returns false if this step has frozen it already
   */
  freeze(step: string): boolean {
    if (this.#frozenBy.has(step)) return false;
    if (this.#frozenBy.size === 0) this.#frozenAt = this.#clock();
    this.#frozenBy.add(step);
    return true;
  }

  unfreeze(step: string): void {
    if (!this.#frozenBy.delete(step) || this.#frozenBy.size > 0) return;
    this.#frozenMs += this.#clock() - this.#frozenAt;
  }

  #tick(): number {
    const now = this.#frozenBy.size > 0 ? this.#frozenAt : this.#clock();
    return Math.floor((now - this.#frozenMs) / BUCKET_MS);
  }
}
