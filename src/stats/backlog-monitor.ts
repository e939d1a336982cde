import type { MonotonicClock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { within } from '../base/within.ts';
import { endsOf, TOPICS, type EventLog, type OffsetRange } from '../log/event-log.ts';
import type { OrderReader } from '../store/order-store.ts';
import { Backlog, type PartitionBacklog } from './backlog.ts';

export interface BacklogMonitorOptions {
  log: Pick<EventLog, 'ranges' | 'progressName'>;
  reader: Pick<OrderReader, 'storedLog'>;
  metrics: Pick<
    Metrics,
    'registry' | 'consumerLag' | 'oldestUnprocessedAge' | 'retentionDistance' | 'dependencyUp'
  >;
  monotonicClock: MonotonicClock;
  intervalMs: number;
}

const STOP_MS = 500;

/** A store that has not answered for this long, beyond the interval of the samples, counts as down. */
const STORE_GRACE_MS = 3_000;

/**
 * Samples at intervals how far the processing of `orders.commands` is behind, for metrics. While the log or the store does not
 * answer, the last known offsets stay, and the ages of their records grow.
 */
export class BacklogMonitor {
  readonly #options: BacklogMonitorOptions;
  readonly #backlog = new Backlog();
  #ranges: readonly OffsetRange[] = [];
  #applied: ReadonlyMap<number, { nextOffset: number }> | undefined;
  #partitions: readonly PartitionBacklog[] = [];
  /** on the monotonic clock */
  #storeAnsweredAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;

  constructor(options: BacklogMonitorOptions) {
    this.#options = options;
    options.metrics.registry.onScrape(() => this.#setMetrics());
  }

  async start(): Promise<void> {
    await this.#sample();
    this.#timer = setInterval(() => {
      this.#sampling ??= this.#sample().finally(() => (this.#sampling = undefined));
    }, this.#options.intervalMs);
  }

  /** Does not wait long for a sample, which may wait for the store or for a broker. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#sampling !== undefined) await within(this.#sampling, STOP_MS);
  }

  /** Of orders.commands; 0 until the log has answered. */
  get partitionCount(): number {
    return this.#ranges.length;
  }

  /** Reads the ends first: records appended meanwhile belong to the next sample. If it takes long, the next samples wait. */
  async #sample(): Promise<void> {
    const { log, reader, monotonicClock } = this.#options;
    this.#ranges = await log.ranges(TOPICS.commands).catch(() => this.#ranges);
    const stored = await reader.storedLog(log.progressName(TOPICS.commands)).catch(() => undefined);
    if (stored !== undefined) {
      this.#storeAnsweredAt = monotonicClock();
      this.#applied = stored.progress;
    }
    // Without the progress, everything in the log would seem unprocessed.
    if (this.#applied === undefined) return;
    const applied = this.#ranges.map((_, partition) => this.#applied?.get(partition)?.nextOffset ?? 0);
    this.#partitions = this.#backlog.sample(endsOf(this.#ranges), applied, monotonicClock()).partitions;
  }

  #setMetrics(): void {
    const { metrics, monotonicClock, intervalMs } = this.#options;
    const now = monotonicClock();
    for (const { partition, end, progress, oldestAt } of this.#partitions) {
      const labels = { partition: String(partition) };
      metrics.consumerLag.set(labels, Math.max(0, end - progress));
      metrics.oldestUnprocessedAge.set(labels, oldestAt === undefined ? 0 : (now - oldestAt) / 1000);
      metrics.retentionDistance.set(labels, progress - (this.#ranges[partition]?.start ?? progress));
    }
    const isStoreUp = now - this.#storeAnsweredAt <= intervalMs + STORE_GRACE_MS;
    metrics.dependencyUp.set({ dependency: 'store' }, isStoreUp ? 1 : 0);
  }
}
