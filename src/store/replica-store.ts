/** A running process of the service. Times are milliseconds since the epoch. */
export interface Replica {
  id: string;
  role: string;
  /** of this program */
  version: string;
  /** of Node */
  node: string;
  host: string;
  pid: number;
  startedAt: number;
  seenAt: number;
  /** the partitions of `orders.commands` that it processes; empty for the role api */
  partitions: readonly number[];
}

/** A process without a heartbeat for this time has ended, milliseconds. */
export const REPLICA_TIMEOUT_MS = 30_000;

/** Where every process says that it runs. */
export interface ReplicaStore {
  /**
   * Notes a heartbeat, and deletes the rows of processes whose last one is older than `forgetBefore`.
   * @throws ServiceError `store-unavailable`
   */
  noteReplica(replica: Replica, forgetBefore: number): Promise<void>;
  /** @throws ServiceError `store-unavailable` */
  removeReplica(id: string): Promise<void>;
  close(): Promise<void>;
}
