import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { ALL_ORDERS } from '../order/access.ts';
import { CachedValue } from '../stats/cached-value.ts';
import type { PartitionFigures, Stats } from '../stats/stats.ts';
import type {
  OrderDeadLetter,
  RetryingEntry,
  RetryingPage,
  RetryingQuery,
} from '../store/operations-reader.ts';
import type { OrderReader } from '../store/order-store.ts';
import { REPLICA_TIMEOUT_MS, type Replica } from '../store/replica-store.ts';
import type { GetOptions, OrderService } from './order-service.ts';
import type { PageReader, PageTurns } from './page-turns.ts';

export interface OperationsServiceDependencies {
  orders: Pick<OrderService, 'get' | 'positionOf'>;
  reader: Pick<OrderReader, 'operations' | 'progress'>;
  log: Pick<EventLog, 'progressName'>;
  stats: Pick<Stats, 'partitions'>;
  pageTurns: PageTurns;
  clock: Clock;
  monotonicClock: MonotonicClock;
}

/** Where an order is, and why. */
export interface OrderProcessing {
  orderId: string;
  state: 'unprocessed' | 'retrying' | 'failed' | 'processed';
  /** of the record that placed it; undefined if this replica does not know it */
  position: Position | undefined;
  /** records of its partition that are processed before it; undefined unless it is unprocessed */
  recordsAhead: number | undefined;
  retry: RetryingEntry | undefined;
  /** oldest first, at most `MAX_DEAD_LETTERS` */
  deadLetters: OrderDeadLetter[];
}

export interface OwnedPartition extends PartitionFigures {
  /** the replica that processes it; undefined if none does */
  owner: Pick<Replica, 'id'> | undefined;
}

export const MAX_DEAD_LETTERS = 20;

/** Replicas send a heartbeat every few seconds, so reading them more often tells nothing. */
const REPLICAS_AGE_MS = 1_000;

/** What operators ask about the whole service and all orders. Callers check that theirs may use all orders. */
export class OperationsService {
  readonly #dependencies: OperationsServiceDependencies;
  readonly #replicas: CachedValue<Replica[]>;

  constructor(dependencies: OperationsServiceDependencies) {
    const { clock, monotonicClock } = dependencies;
    this.#dependencies = dependencies;
    this.#replicas = new CachedValue(
      () => this.#operations.replicas(clock() - REPLICA_TIMEOUT_MS),
      REPLICAS_AGE_MS,
      monotonicClock,
    );
  }

  /** @throws ServiceError `order-not-found`, and as `OrderService.get` */
  async processing(orderId: string, options: GetOptions = {}): Promise<OrderProcessing> {
    const { orders } = this.#dependencies;
    const known = await orders.get(orderId, ALL_ORDERS, options);
    const [retry, placedAt, deadLetters] = await Promise.all([
      this.#operations.findRetrying(orderId),
      this.#operations.placedAt(orderId),
      this.#operations.deadLettersOf(orderId, MAX_DEAD_LETTERS),
    ]);
    // It may have been processed between the reads.
    const isStale = known.status === 'accepted' && retry === undefined && placedAt !== undefined;
    const { status } = isStale ? await orders.get(orderId, ALL_ORDERS, options) : known;
    const found = { orderId, retry, deadLetters };
    if (retry !== undefined)
      return { ...found, state: 'retrying', position: placedAt, recordsAhead: undefined };
    if (status === 'accepted')
      return { ...found, state: 'unprocessed', ...(await this.#placeInLog(orderId, options)) };
    const state = status === 'failed' ? 'failed' : 'processed';
    return { ...found, state, position: placedAt, recordsAhead: undefined };
  }

  /**
   * Soonest attempt first. Readers of pages take turns.
   * @throws ServiceError `cursor-invalid`, or what `PageTurns.run` throws
   */
  listRetrying(query: RetryingQuery, pageReader: PageReader): Promise<RetryingPage> {
    const { pageTurns } = this.#dependencies;
    return pageTurns.run('large', pageReader, () => this.#operations.listRetrying(query));
  }

  /** @throws as `Stats.partitions` */
  async partitions(): Promise<OwnedPartition[]> {
    const figures = this.#dependencies.stats.partitions();
    const replicas = (await this.#replicas.get()) ?? [];
    // For some seconds after a rebalance, two replicas may claim a partition. The latest heartbeat is right.
    const owners = new Map(
      replicas
        .toSorted((one, other) => one.seenAt - other.seenAt)
        .flatMap(({ id, partitions }) => partitions.map((partition) => [partition, { id }] as const)),
    );
    return figures.map((figure) => ({ ...figure, owner: owners.get(figure.partition) }));
  }

  /** The processes that run, as of at most about a second ago. @throws ServiceError `store-unavailable` */
  async replicas(): Promise<Replica[]> {
    return (
      (await this.#replicas.get()) ??
      this.#operations.replicas(this.#dependencies.clock() - REPLICA_TIMEOUT_MS)
    );
  }

  get #operations() {
    return this.#dependencies.reader.operations;
  }

  async #placeInLog(
    orderId: string,
    options: GetOptions,
  ): Promise<Pick<OrderProcessing, 'position' | 'recordsAhead'>> {
    const { orders, reader, log } = this.#dependencies;
    const position = await orders.positionOf(orderId, ALL_ORDERS, options);
    if (position === undefined) return { position, recordsAhead: undefined };
    const { partition, offset } = position;
    const next = (await reader.progress(log.progressName(TOPICS.commands), partition)) ?? 0;
    return { position, recordsAhead: Math.max(0, offset - next) };
  }
}
