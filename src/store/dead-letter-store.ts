import type { DeadLetterReason, DeadLetterState } from './dead-letter.ts';

/** What people do with dead letters. Times are milliseconds since the epoch; every act leaves an audit row. */
export interface DeadLetterStore {
  /** Newest first by keyset. @throws ServiceError `cursor-invalid` */
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** How many match, by reason. */
  reasons(filter: DeadLetterFilter): Promise<Record<string, number>>;
  find(id: number): Promise<DeadLetterWithPayload | undefined>;
  /**
   * The next letters of a selection in the order in which they failed, so that an order's events are replayed in
   * their order: those with an id above `afterId`, at most `limit`, fewer when they are large, none at the end.
   */
  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]>;
  count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount>;
  /** The highest id of all letters, 0 without any: whoever goes through those of this moment ends there. */
  newestId(): Promise<number>;
  /** Notes that these are about to be sent to the log again; answers those that are still `open`, `replaying` or `exhausted`. */
  replayBegun(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** They are in the log: `open` or `exhausted` → `replaying`, but for what the pipeline was faster with. */
  replaySent(letters: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void>;
  /** `open`, `replaying` or `exhausted` → `discarded`; answers the ids that it held for. */
  discard(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** What was done with a letter, oldest first: the latest 1000 acts. */
  audit(id: number): Promise<AuditEntry[]>;
  close(): Promise<void>;
}

export interface DeadLetterFilter {
  reason?: DeadLetterReason | undefined;
  orderId?: string | undefined;
  state?: DeadLetterState | undefined;
  /** both bounds are exclusive and are about the latest failure */
  failedAfter?: number | undefined;
  failedBefore?: number | undefined;
}

export interface DeadLetterQuery extends DeadLetterFilter {
  limit: number;
  cursor?: string | undefined;
}

/**
 * Letters by id, or all that match; what failed behind a letter of the `reason` that is asked for (`predecessor-failed`)
 * goes with it.
 */
export type Selection = { ids: readonly number[] } | { filter: DeadLetterFilter };

/** Which letters of a selection an act can be done to. */
export interface Eligible {
  states: readonly DeadLetterState[];
  /** exclusive; undefined: however often it was replayed */
  replayCountBelow?: number | undefined;
}

export interface DeadLetterCount {
  matched: number;
  eligible: number;
}

export interface DeadLetterEntry {
  id: number;
  orderId: string | null;
  reason: DeadLetterReason;
  error: string;
  attempts: number;
  topic: string;
  partition: number;
  offset: number;
  firstFailedAt: number;
  failedAt: number;
  replayCount: number;
  state: DeadLetterState;
}

export interface DeadLetterWithPayload extends DeadLetterEntry {
  key: Uint8Array | null;
  value: Uint8Array | null;
}

export interface DeadLetterPage {
  data: DeadLetterEntry[];
  nextCursor: string | null;
}

/** Who acts, and when. */
export interface Audit {
  by: string;
  at: number;
}

export interface AuditEntry extends Audit {
  act: 'replay-begun' | 'replay-sent' | 'replay-resolved' | 'replay-failed' | 'discarded';
  detail: string;
}
