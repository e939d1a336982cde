import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { toError } from '../base/errors.ts';
import { within } from '../base/within.ts';
import { endsOf, TOPICS, type EventLog } from '../log/event-log.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import type { OrderReader } from '../store/order-store.ts';
import { Backlog, type BacklogFigures } from './backlog.ts';
import { CachedValue } from './cached-value.ts';
import { AnswerWatch, type DependencyState } from './dependencies.ts';
import { OrderCounts } from './order-counts.ts';
import { RecentSeconds, type Counts } from './recent-seconds.ts';
import {
  KEPT_SECONDS,
  LATENCY_SECONDS,
  MAX_COUNTED,
  RATE_SECONDS,
  type Dependency,
  type PartitionFigures,
  type Stats,
  type StatsFigures,
} from './stats.ts';

export interface StatsDependencies {
  replica: string;
  role: string;
  version: string;
  log: Pick<EventLog, 'ranges' | 'progressName' | 'readinessProblem'>;
  /** what the pipeline of this process finds out about its dependencies; undefined without one */
  failingDependencies?: (() => readonly string[]) | undefined;
  reader: Pick<OrderReader, 'progress' | 'countRetrying'>;
  deadLetters: Pick<DeadLetterStore, 'reasons'>;
  hub: StatusHub;
  metrics: Pick<Metrics, 'ordersAcknowledged' | 'acceptedToConfirmed' | 'statusDelay'>;
  /** when a keyed order was accepted; undefined if unknown here */
  acceptedAt: (orderId: string) => Promise<number | undefined>;
  clock: Clock;
  monotonicClock: MonotonicClock;
  /** the length of a second, milliseconds; shorter in tests */
  secondMs?: number;
}

const SECOND_MS = 1000;
const STOP_MS = 500;

/**
 * The figures of the dashboard. It samples existing counters once a second, so requests pay nothing for it. It reads the
 * store only when asked, once for all callers.
 */
export class ServiceStats implements Stats {
  readonly #dependencies: StatsDependencies;
  /** on the monotonic clock */
  readonly #startedAt: number;
  readonly #seconds: RecentSeconds;
  readonly #counts: OrderCounts;
  readonly #backlog = new Backlog();
  readonly #retrying: CachedValue<number>;
  readonly #deadLetters: CachedValue<Record<string, number>>;
  readonly #logWatch: AnswerWatch;
  readonly #storeWatch: AnswerWatch;
  #acknowledged = 0;
  #backlogNow: BacklogFigures | undefined;
  #partitionsNow: readonly PartitionFigures[] | Error = [];
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;

  constructor(dependencies: StatsDependencies) {
    const { clock, monotonicClock, reader, deadLetters, acceptedAt, metrics } = dependencies;
    this.#dependencies = dependencies;
    this.#startedAt = monotonicClock();
    this.#seconds = new RecentSeconds(KEPT_SECONDS, this.#startedAt);
    this.#counts = new OrderCounts({
      since: () => this.#wallTimeOf(this.#startedAt),
      now: clock,
      acceptedAt,
      onConfirmed: (ms) => {
        this.#seconds.record('acceptToConfirmed', ms);
        metrics.acceptedToConfirmed.observe(Math.max(0, ms) / 1000);
      },
      onHeard: (ms) => metrics.statusDelay.observe(Math.max(0, ms) / 1000),
    });
    this.#logWatch = new AnswerWatch(monotonicClock);
    this.#storeWatch = new AnswerWatch(monotonicClock);
    this.#retrying = new CachedValue(() => reader.countRetrying(MAX_COUNTED), SECOND_MS, monotonicClock);
    this.#deadLetters = new CachedValue(
      () => deadLetters.reasons({ state: 'open' }),
      SECOND_MS,
      monotonicClock,
    );
  }

  async start(): Promise<void> {
    this.#dependencies.hub.onEveryEvent((event) => this.#counts.count(event));
    await this.#noteBacklog();
    this.#timer = setInterval(() => {
      this.#askStore();
      // Reads counters of this process, which does not fail.
      this.#noteAcknowledgements().catch(() => undefined);
      this.#sampling ??= this.#sample().finally(() => (this.#sampling = undefined));
    }, this.#dependencies.secondMs ?? SECOND_MS);
  }

  /** Does not wait long for a sample, which may wait for the store or for a broker. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#sampling !== undefined) await within(this.#sampling, STOP_MS);
  }

  /** Implements `DurationListener` of HTTP: times the 202 responses to single orders. */
  observerOf(method: string, route: string, status: number): { observe(seconds: number): void } | undefined {
    if (method !== 'POST' || route !== '/v1/orders' || status !== 202) return undefined;
    return { observe: (seconds) => this.#seconds.record('accept', seconds * 1000) };
  }

  async read(seconds: number): Promise<StatsFigures> {
    const { replica, role, version, hub, monotonicClock } = this.#dependencies;
    const [totals, retrying, deadLetters] = await Promise.all([
      this.#totals(),
      this.#retrying.get(),
      this.#deadLetters.get(),
    ]);
    return {
      replica,
      role,
      version,
      dependencies: this.#dependencyStates(),
      uptimeMs: monotonicClock() - this.#startedAt,
      totals,
      perSecond: this.#seconds.perSecond(RATE_SECONDS),
      latencies: {
        accept: this.#seconds.latencies('accept', LATENCY_SECONDS),
        acceptToConfirmed: this.#seconds.latencies('acceptToConfirmed', LATENCY_SECONDS),
      },
      backlog: this.#backlogNow,
      retrying,
      deadLetters,
      watchers: hub.watcherCount,
      seconds: this.#seconds
        .latest(seconds)
        .map(({ endedAt, perSecond }) => ({ endedAt: this.#wallTimeOf(endedAt), perSecond })),
    };
  }

  partitions(): readonly PartitionFigures[] {
    if (this.#partitionsNow instanceof Error) throw this.#partitionsNow;
    return this.#partitionsNow;
  }

  /** The log also knows by itself, and the pipeline learns from its batches. */
  #dependencyStates(): Record<Dependency, DependencyState> {
    const { log, failingDependencies } = this.#dependencies;
    const failing = failingDependencies?.() ?? [];
    const isLogDown = log.readinessProblem() !== undefined || failing.includes('log');
    return {
      log: isLogDown ? 'down' : this.#logWatch.state,
      store: failing.includes('store') ? 'down' : this.#storeWatch.state,
    };
  }

  /** An acknowledged order is an answer of the log, which may be slow to say its offsets under load. */
  async #noteAcknowledgements(): Promise<void> {
    const { accepted } = await this.#totals();
    if (accepted > this.#acknowledged) this.#logWatch.noteAnswer();
    this.#acknowledged = accepted;
  }

  /** Once a second, whether or not the log answers. */
  #askStore(): void {
    const { log, reader } = this.#dependencies;
    if (this.#storeWatch.isWaiting) return;
    const asked = this.#storeWatch.ask(() => reader.progress(log.progressName(TOPICS.commands), 0));
    asked.catch(() => undefined); // The watch has noted it.
  }

  /** If a sample takes longer than a second, the next ones wait: the recorded second is just longer. */
  async #sample(): Promise<void> {
    this.#seconds.end(await this.#totals(), this.#dependencies.monotonicClock());
    await this.#noteBacklog();
  }

  async #noteBacklog(): Promise<void> {
    try {
      this.#backlogNow = await this.#sampleBacklog();
    } catch (error) {
      this.#backlogNow = undefined;
      this.#partitionsNow = toError(error);
    }
  }

  async #totals(): Promise<Counts> {
    const { values } = await this.#dependencies.metrics.ordersAcknowledged.get();
    return { accepted: values[0]?.value ?? 0, ...this.#counts.now() };
  }

  /** Reads the ends first: records appended meanwhile belong to the next sample. */
  async #sampleBacklog(): Promise<BacklogFigures> {
    const { log, reader, monotonicClock } = this.#dependencies;
    const topic = log.progressName(TOPICS.commands);
    const ranges = await this.#logWatch.ask(() => log.ranges(TOPICS.commands));
    const ends = endsOf(ranges);
    const applied = await Promise.all(ends.map((_, partition) => reader.progress(topic, partition)));
    const progress = applied.map((next) => next ?? 0);
    const backlog = this.#backlog.sample(ends, progress, monotonicClock());
    this.#partitionsNow = backlog.partitions.map(({ oldestAt, ...figures }) => ({
      ...figures,
      start: ranges[figures.partition]?.start ?? 0,
      oldestUnprocessedAt: oldestAt === undefined ? undefined : this.#wallTimeOf(oldestAt),
    }));
    return backlog;
  }

  /** What the wall clock would have shown then, if it had not stepped since. */
  #wallTimeOf(monotonic: number): number {
    const { clock, monotonicClock } = this.#dependencies;
    return clock() - (monotonicClock() - monotonic);
  }
}
