/** Identifies a run of a process: each start has another one. */
export type OwnerId = string;

export interface OwnedPartitions {
  topic: string;
  partitions: readonly number[];
  owner: OwnerId;
}

/** An order that is the only one for which its owner calls the processor. The stores keep it in the table `lone_orders`. */
export interface IsolatedOrder {
  orderId: string;
  topic: string;
  partition: number;
  owner: OwnerId;
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
  /**
   * Records that the processor is called for this order and for no other.
   * @returns how many owners have ended since the order was first recorded, each while it was recorded
   */
  recordIsolated(order: IsolatedOrder): Promise<number>;
  /** The order is no longer being processed: its owner has survived it. */
  clearIsolated(orderId: string): Promise<void>;
}

/** The owner of a released partition. */
export const NO_OWNER: OwnerId = '';
