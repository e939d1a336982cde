/** Identifies a run of a process: each start has another one. */
export type OwnerId = string;

export interface OwnedPartitions {
  topic: string;
  partitions: readonly number[];
  owner: OwnerId;
}

/** Orders for which their owner calls the processor, and for no others. The stores keep them in the table `lone_orders`. */
export interface IsolatedOrders {
  topic: string;
  owner: OwnerId;
  /** order id → partition */
  orders: ReadonlyMap<string, number>;
}

/** What a new owner learns about a partition. */
export interface Claim {
  partition: number;
  /** how many owners in a row ended without releasing it: their processes were killed, or lost the partition unnoticed */
  uncleanEnds: number;
  /** the next offset to apply */
  nextOffset: number;
}

/**
 * Evidence against orders that end the whole process. A partition costs one write when it gets an owner and one when the owner
 * releases it. Only after unclean ends are the orders recorded that the processor is called for.
 */
export interface PartitionOwners {
  /** Makes this the owner of the partitions. Safe to repeat. */
  claim(owned: OwnedPartitions): Promise<Claim[]>;
  /** The owner ends properly. It keeps the count of unclean ends, for the case that it has not found their cause. */
  release(owned: OwnedPartitions): Promise<void>;
  /** The unclean ends are over: resets the crash count, which counts them, and forgets the orders recorded for these partitions. */
  resetCrashCount(owned: OwnedPartitions): Promise<void>;
  /** Those of these orders that are recorded by another owner: it ended while it processed them. */
  suspectsAmong(orderIds: readonly string[], owner: OwnerId): Promise<Set<string>>;
  /**
   * Records that the processor is called for these orders and for no others.
   * @returns for each order, how many owners have ended since it was first recorded, each while it was recorded
   */
  recordIsolated(isolated: IsolatedOrders): Promise<Map<string, number>>;
  /** The orders are no longer being processed: their owner has survived them. */
  clearIsolated(orderIds: readonly string[]): Promise<void>;
}

/** The owner of a released partition. */
export const NO_OWNER: OwnerId = '';
