import { LRUCache } from 'lru-cache';
import { monotonicClock } from '../base/clock.ts';

/** Callers counted at the same time. Beyond that, old ones are evicted and start again with a full budget. */
const MAX_CALLERS = 10_000;

/** What a caller that was idle has at once: the streams of this many seconds. */
const BURST_SECONDS = 2;

/** What a stream costs besides if its client abandons it at once: the work for it was in vain. */
export const ABANDONED_COST = 10;

interface Budget {
  streams: number;
  /** from the moment when all is spent until half of it is earned again: otherwise clients would connect for single streams */
  isExhausted: boolean;
  /** on the monotonic clock */
  updatedAt: number;
}

/**
 * The HTTP/2 streams that each caller may open, over all its connections. It protects against floods that a limit of open
 * streams does not see, such as streams that are opened and reset at once.
 * @see https://www.cve.org/CVERecord?id=CVE-2023-44487
 */
export class StreamBudget {
  readonly #perSecond: number;
  readonly #clock: () => number;
  readonly #budgets = new LRUCache<string, Budget>({ max: MAX_CALLERS });

  /** @param perSecond streams of one caller; 0: no limit */
  constructor(perSecond: number, clock = monotonicClock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** @returns false if the caller has no stream left; it owes the cost even then, up to one burst */
  spend(caller: string, cost: number): boolean {
    if (this.#perSecond === 0) return true;
    const budget = this.#budgetOf(caller);
    const { isExhausted } = budget;
    budget.streams = Math.max(budget.streams - cost, -this.#burst);
    if (budget.streams <= 0) budget.isExhausted = true;
    return !isExhausted;
  }

  isExhausted(caller: string): boolean {
    return this.#perSecond !== 0 && this.#budgets.has(caller) && this.#budgetOf(caller).isExhausted;
  }

  get #burst(): number {
    return this.#perSecond * BURST_SECONDS;
  }

  #budgetOf(caller: string): Budget {
    const now = this.#clock();
    let budget = this.#budgets.get(caller);
    if (budget === undefined) {
      budget = { streams: this.#burst, isExhausted: false, updatedAt: now };
      this.#budgets.set(caller, budget);
    }
    const earned = ((now - budget.updatedAt) / 1000) * this.#perSecond;
    budget.streams = Math.min(this.#burst, budget.streams + earned);
    budget.updatedAt = now;
    if (budget.streams >= this.#burst / 2) budget.isExhausted = false;
    return budget;
  }
}
