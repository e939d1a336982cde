/** What the store knows about an event log. `topic` is always `EventLog.progressName` of a topic. */
export interface StoredLog {
  /** the identity of the log that filled this store; undefined until the first service claims it */
  identity: string | undefined;
  /** by partition; no entry before the first batch */
  progress: Map<number, StoredProgress>;
}

export interface StoredProgress {
  /** the next offset to apply */
  nextOffset: number;
  /** `recordCheck` of the record before `nextOffset`; undefined if a version without check values saved the progress */
  lastRecord: string | undefined;
}

/** What an operator accepts about one partition; undefined: the log has no such partition, so its progress is removed. */
export type AcceptedProgress = StoredProgress | undefined;

/** Compares and changes which log a store belongs to. */
export interface AlignmentStore {
  read(topic: string): Promise<StoredLog>;
  /**
   * Saves the identity unless the store has one. Safe when several processes start at once.
   * @returns the identity that the store has now
   */
  claim(topic: string, identity: string): Promise<string>;
  /**
   * In one transaction, replaces the identity and the progress of these partitions. Other partitions keep theirs. Dead
   * letters from the next offset on are of another log, whose offsets may be used again: their topic gets `@` and their id
   * appended, so that they are not taken for those of the records there.
   * @param identity undefined: the store keeps its own
   * @throws ServiceError `progress-conflict` when the progress of a partition differs from `loaded`; nothing is saved
   */
  accept(
    topic: string,
    identity: string | undefined,
    changes: ReadonlyMap<number, { loaded: StoredProgress | undefined; next: AcceptedProgress }>,
  ): Promise<void>;
  /**
   * Forgets the check values of the last processed records, for when the log is about to change them.
   * @returns the next offset to process, by partition
   */
  forgetLastRecords(topic: string): Promise<Map<number, number>>;
  close(): Promise<void>;
}
