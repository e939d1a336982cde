import type { HistoryEpoch } from './history-epoch.ts';

/** The identity of a log, and offsets that it has certainly reached. */
export interface StatusLog {
  identity: string;
  /** by partition */
  ends: readonly number[];
}

/**
 * What resume tokens are checked against. All methods throw ServiceError `store-unavailable`.
 */
export interface LineageStore {
  /**
   * Begins an epoch after the latest numbered change. Call it before anything is saved.
   * @returns the latest epochs, oldest first, this one included
   */
  beginEpoch(id: string): Promise<HistoryEpoch[]>;
  /** The status log of this topic; stores the proposed one if there is none. */
  statusLog(topic: string, proposed: StatusLog): Promise<StatusLog>;
  /** Replaces the log of this identity, unless another replica was faster. @returns the log that is stored now */
  replaceStatusLog(topic: string, identity: string, next: StatusLog): Promise<StatusLog>;
  /** Stores the ends, if the log still has this identity. */
  noteStatusEnds(topic: string, log: StatusLog): Promise<void>;
  close(): Promise<void>;
}
