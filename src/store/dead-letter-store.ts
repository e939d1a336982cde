import type { DeadLetterReason, DeadLetterState } from './dead-letter.ts';

/** What people do with dead letters. Times are milliseconds since the epoch; every action leaves an audit row. */
export interface DeadLetterStore {
  /** Newest first by keyset. @throws ServiceError `cursor-invalid` */
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** How many match, by reason. */
  reasons(filter: DeadLetterFilter): Promise<Record<string, number>>;
  find(id: number): Promise<DeadLetterWithPayload | undefined>;
  /**
   * The next dead letters of a selection, by id: in the order in which they failed first, so that the events of an order are
   * replayed in their order. At most `limit` with an id above `afterId`, fewer when they are large, none only at the end.
   */
  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]>;
  count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount>;
  /** The highest id, or 0. A bulk action ends there: it leaves out dead letters that come while it runs. */
  newestId(): Promise<number>;
  /** Notes that these will be sent to the log again; returns those that are still `open`, `replaying` or `exhausted`. */
  replayBegun(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** They are in the log: `open` or `exhausted` → `replaying`, unless the pipeline has processed them already. */
  replaySent(sent: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void>;
  /** `open`, `replaying` or `exhausted` → `discarded`; returns the ids of those. */
  discard(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** What was done with a dead letter, oldest first: the latest 1000 entries. */
  audit(id: number): Promise<AuditEntry[]>;
  close(): Promise<void>;
}

export interface DeadLetterFilter {
  reason?: DeadLetterReason | undefined;
  orderId?: string | undefined;
  state?: DeadLetterState | undefined;
  /** both bounds are exclusive and apply to the latest failure */
  failedAfter?: number | undefined;
  failedBefore?: number | undefined;
}

export interface DeadLetterQuery extends DeadLetterFilter {
  limit: number;
  cursor?: string | undefined;
}

/**
 * Dead letters by id, or all that match. A filter by `reason` also selects the records that failed because they were queued
 * behind a match (`predecessor-failed`).
 */
export type Selection = { ids: readonly number[] } | { filter: DeadLetterFilter };

/** The dead letters of a selection that a bulk action can change. */
export interface Eligible {
  states: readonly DeadLetterState[];
  /** exclusive; undefined means no limit */
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
