import { LatencyHistogram } from './latency-histogram.ts';

/** What is counted, each from the start of the process on. */
export const COUNTED = ['accepted', 'confirmed', 'rejected', 'failed'] as const;

export type Counts = Record<(typeof COUNTED)[number], number>;

/** What is timed: until a request was answered with 202 · from then until its order was heard to be confirmed. */
export const TIMED = ['accept', 'acceptToConfirmed'] as const;

export type Timed = (typeof TIMED)[number];

/** A second that is over, more or less: timers are late on a busy machine, so that rates go by what it really was. */
interface Second {
  /** milliseconds since the epoch */
  endedAt: number;
  perSecond: Counts;
  latencies: Record<Timed, LatencyHistogram>;
}

/** The latest seconds, so many at most, and the one that is under way. */
export class RecentSeconds {
  readonly #capacity: number;
  readonly #seconds: Second[] = [];
  #current = newLatencies();
  #counts = noCounts();
  #startedAt: number;

  constructor(capacity: number, now: number) {
    this.#capacity = capacity;
    this.#startedAt = now;
  }

  record(what: Timed, ms: number): void {
    this.#current[what].record(ms);
  }

  /** Ends the second that is under way. @param counts as they stand now */
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

  /** The mean of the latest seconds; zeros before the first one is over. */
  perSecond(seconds: number): Counts {
    const latest = this.#seconds.slice(-seconds);
    const sum = (name: keyof Counts) => latest.reduce((sum, second) => sum + second.perSecond[name], 0);
    return mapCounts((name) => sum(name) / Math.max(1, latest.length));
  }

  /** Of the latest seconds, the one that is under way included. */
  latencies(what: Timed, seconds: number): LatencyHistogram {
    const all = new LatencyHistogram();
    for (const { latencies } of this.#seconds.slice(-seconds)) all.add(latencies[what]);
    all.add(this.#current[what]);
    return all;
  }

  /** The latest seconds that are over, oldest first. */
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

function newLatencies(): Second['latencies'] {
  return { accept: new LatencyHistogram(), acceptToConfirmed: new LatencyHistogram() };
}
