import type { BacklogFigures } from './backlog.ts';
import type { DependencyState } from './dependencies.ts';
import type { Counts, LatencyFigures, Timed } from './recent-seconds.ts';

export type Dependency = 'log' | 'store';

/** The figures of the dashboard. A figure that cannot be read at the moment is undefined. */
export interface StatsFigures {
  replica: string;
  role: string;
  /** of this program */
  version: string;
  dependencies: Record<Dependency, DependencyState>;
  /** milliseconds */
  uptimeMs: number;
  /** since the start of this process */
  totals: Counts;
  /** the mean of the last `RATE_SECONDS` */
  perSecond: Counts;
  /** of the last `LATENCY_SECONDS` */
  latencies: Record<Timed, LatencyFigures>;
  /** of the whole service */
  backlog: BacklogFigures | undefined;
  /** retrying orders, counted up to `MAX_COUNTED` */
  retrying: number | undefined;
  /** open dead letters by reason */
  deadLetters: Record<string, number> | undefined;
  watchers: number;
  /** endedAt: milliseconds since the epoch */
  seconds: readonly { endedAt: number; perSecond: Counts }[];
}

/** Seconds that are kept individually. */
export const KEPT_SECONDS = 120;

export const RATE_SECONDS = 5;

export const LATENCY_SECONDS = 60;

export const MAX_COUNTED = 10_000;

export interface Stats {
  /** @param seconds how many of the latest seconds to return individually, at most `KEPT_SECONDS` */
  read(seconds: number): Promise<StatsFigures>;
  /**
   * The partitions of `orders.commands`, as of at most about a second ago.
   * @throws ServiceError why they cannot be read now: `log-unavailable`, `store-unavailable`
   */
  partitions(): readonly PartitionFigures[];
}

export interface PartitionFigures {
  partition: number;
  /** the oldest retained offset */
  start: number;
  /** the offset of the next append */
  end: number;
  /** the next offset to process */
  progress: number;
  /** milliseconds since the epoch, to about a second; undefined if every record is processed */
  oldestUnprocessedAt: number | undefined;
}
