import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Counters since the start of the process. */
export const COUNTED = ['accepted', 'confirmed', 'rejected', 'failed'] as const;

export type Counts = Record<(typeof COUNTED)[number], number>;

/** `accept`: from the request to its 202. `acceptToConfirmed`: from accepting an order to hearing that it is confirmed. */
export const TIMED = ['accept', 'acceptToConfirmed'] as const;

export type Timed = (typeof TIMED)[number];

export interface LatencyFigures {
  count: number;
  /** milliseconds; undefined without samples */
  p50: number | undefined;
  p99: number | undefined;
}

/** About one second: timers are late on a busy machine, so rates use the real duration. */
interface Second {
  /** on the monotonic clock */
  endedAt: number;
  perSecond: Counts;
  latencies: Record<Timed, RecordableHistogram>;
}

/** The latest seconds and the current one. */
export class RecentSeconds {
  readonly #capacity: number;
  readonly #seconds: Second[] = [];
  #current = newLatencies();
  #counts = noCounts();
  #startedAt: number;

  /** @param now on the monotonic clock, as everywhere here */
  constructor(capacity: number, now: number) {
    this.#capacity = capacity;
    this.#startedAt = now;
  }

  /** Clocks of other machines differ, so a negative duration counts as zero. */
  record(what: Timed, ms: number): void {
    const microseconds = Math.min(Math.max(1, Math.round(ms * 1_000)), MAX_MICROSECONDS);
    this.#current[what].record(microseconds);
  }

  /** Ends the current second. @param counts the counters now */
  end(counts: Counts, now: number): void {
    const ms = Math.max(1, now - this.#startedAt);
    const perSecond = mapCounts((name) => ((counts[name] - this.#counts[name]) * 1000) / ms);
    const oldest = this.#seconds.length < this.#capacity ? undefined : this.#seconds.shift();
    this.#seconds.push({ endedAt: now, perSecond, latencies: this.#current });
    this.#current = oldest?.latencies ?? newLatencies();
    for (const name of TIMED) this.#current[name].reset();
    this.#counts = counts;
    this.#startedAt = now;
  }

  /** The mean of the latest seconds; zeros before the first one has ended. */
  perSecond(seconds: number): Counts {
    const latest = this.#seconds.slice(-seconds);
    const sum = (name: keyof Counts) => latest.reduce((sum, second) => sum + second.perSecond[name], 0);
    return mapCounts((name) => sum(name) / Math.max(1, latest.length));
  }

  /** Latencies of the latest seconds and the current one. */
  latencies(what: Timed, seconds: number): LatencyFigures {
    const all = newHistogram();
    for (const { latencies } of this.#seconds.slice(-seconds)) all.add(latencies[what]);
    all.add(this.#current[what]);
    const quantile = (percent: number) => (all.count === 0 ? undefined : all.percentile(percent) / 1_000);
    return { count: all.count, p50: quantile(50), p99: quantile(99) };
  }

  /** The latest seconds that have ended, oldest first. */
  latest(seconds: number): readonly Pick<Second, 'endedAt' | 'perSecond'>[] {
    return seconds === 0 ? [] : this.#seconds.slice(-seconds);
  }
}

export function noCounts(): Counts {
  return mapCounts(() => 0);
}

export function mapCounts(valueOf: (name: keyof Counts) => number): Counts {
  return {
    accepted: valueOf('accepted'),
    confirmed: valueOf('confirmed'),
    rejected: valueOf('rejected'),
    failed: valueOf('failed'),
  };
}

const MAX_MICROSECONDS = 3_600_000_000;

/** Microseconds up to one hour, accurate to two significant figures; takes 25 KB. */
function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: MAX_MICROSECONDS, figures: 2 });
}

function newLatencies(): Second['latencies'] {
  return { accept: newHistogram(), acceptToConfirmed: newHistogram() };
}
