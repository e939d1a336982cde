import type { ErrorDetail } from '../base/error-detail.ts';
import type { DeadLetterReason, DeadLetterState } from './dead-letter.ts';

/** Lists, replays and discards dead letters. Times are milliseconds since the epoch. Every action is audited. */
export interface DeadLetterStore {
  /** Newest first by keyset. @throws ServiceError `cursor-invalid` */
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** How many dead letters match, by reason. */
  reasons(filter: DeadLetterFilter): Promise<Record<string, number>>;
  find(id: number): Promise<DeadLetterWithCause | undefined>;
  /**
   * The next page of a selection, sorted by id: at most `limit` dead letters with an id above `afterId`. A page is shorter if
   * its payloads are large, and empty only at the end. Ids follow the order of first failures, so replays keep the order of
   * an order's events.
   */
  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]>;
  count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount>;
  /** The highest id, or 0. A bulk action stops there, so it leaves out dead letters that arrive while it runs. */
  newestId(): Promise<number>;
  /** Audits that a replay of these begins. Returns the ids that are still `open`, `replaying` or `exhausted`. */
  replayBegun(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** After the log has the records: `open` or `exhausted` → `replaying`, unless the pipeline has processed them already. */
  replaySent(sent: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void>;
  /** Audits that the log refused to take replays; the states stay. */
  replayRefused(refused: readonly { id: number; reason: string }[], audit: Audit): Promise<void>;
  /** `open`, `replaying` or `exhausted` → `discarded`. Returns the ids of the discarded ones. */
  discard(ids: readonly number[], audit: Audit): Promise<number[]>;
  /** The latest 1000 audit entries of a dead letter, oldest first. */
  audit(id: number): Promise<AuditEntry[]>;
  close(): Promise<void>;
}

export interface DeadLetterFilter {
  reason?: DeadLetterReason | undefined;
  orderId?: string | undefined;
  state?: DeadLetterState | undefined;
  /** only those in one of `UNRESOLVED_STATES`; for lists and counts */
  unresolved?: true | undefined;
  /** both bounds are exclusive and apply to the latest failure */
  failedAfter?: number | undefined;
  failedBefore?: number | undefined;
}

export interface DeadLetterQuery extends DeadLetterFilter {
  limit: number;
  cursor?: string | undefined;
}

/**
 * Dead letters by id, or all that match a filter. A filter by `reason` also selects the records that failed because they were
 * queued behind a match (`predecessor-failed`).
 */
export type Selection = { ids: readonly number[] } | { filter: DeadLetterFilter };

/** Which dead letters of a selection a bulk action can change. */
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

export interface ListedDeadLetter extends DeadLetterEntry {
  /** id of the dead letter of the same order that this record was queued behind; null if it failed itself */
  causedBy: number | null;
}

export interface DeadLetterWithPayload extends DeadLetterEntry {
  key: Uint8Array | null;
  value: Uint8Array | null;
}

export interface DeadLetterWithCause extends DeadLetterWithPayload, ListedDeadLetter {
  cause: ErrorDetail;
}

export interface DeadLetterPage {
  data: ListedDeadLetter[];
  nextCursor: string | null;
}

/** Who acted, and when. */
export interface Audit {
  by: string;
  at: number;
}

export interface AuditEntry extends Audit {
  act: 'replay-begun' | 'replay-sent' | 'replay-refused' | 'replay-resolved' | 'replay-failed' | 'discarded';
  detail: string;
}
