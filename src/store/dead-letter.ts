import type { ErrorDetail } from '../base/error-detail.ts';
import type { LogRecord } from '../base/log-record.ts';

/**
 * `open`: needs a decision · `replaying`: sent to the log again, not processed yet · `resolved`: its replay was processed ·
 * `discarded`: an operator gave it up; it becomes `resolved` if a replay sent before is processed · `exhausted`: its replays failed too often, further replays skip it
 */
export const DEAD_LETTER_STATES = ['open', 'replaying', 'resolved', 'discarded', 'exhausted'] as const;

export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** The states in which a dead letter can be replayed or discarded. */
export const UNRESOLVED_STATES = [
  'open',
  'replaying',
  'exhausted',
] as const satisfies readonly DeadLetterState[];

/** What a list can show: without a choice, the unresolved ones. */
export const LIST_STATES = ['unresolved', 'all', ...DEAD_LETTER_STATES] as const;

/** Why a record became a dead letter. */
export const DEAD_LETTER_REASONS = [
  'record-undecodable',
  'processor-failed',
  'retries-exhausted',
  'predecessor-failed',
  'store-refused',
  'replay-rejected',
] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** A record that failed permanently, byte for byte, and why. Times are milliseconds since the epoch. */
export interface FailedRecord {
  record: LogRecord;
  orderId: string | null;
  reason: DeadLetterReason;
  error: string;
  /** attempts that failed */
  attempts: number;
  firstFailedAt: number;
  failedAt: number;
  /** replays that failed */
  replayCount: number;
}

/**
 * A failed record to store: as a new dead letter, or, if it is a replay, as an update of the dead letter that it replays.
 * Invariant 8: it is saved in the transaction of its batch, so it is durable before its offset moves.
 */
export interface DeadLetter extends FailedRecord {
  /** id of the dead letter that this record replays */
  replayOf: number | undefined;
  /** the error whose line is `error` */
  detail?: ErrorDetail | undefined;
  /** of the request, for the log; not stored */
  traceparent?: string | undefined;
  state: Extract<DeadLetterState, 'open' | 'exhausted'>;
}

/**
 * A dead letter whose replay was processed. `id` alone does not identify it: a new store counts ids from 1 again while the log
 * keeps replays from the old store. So the store also compares `value`.
 */
export interface ResolvedDeadLetter {
  id: number;
  value: Buffer | null;
  /** for the audit */
  outcome: string;
  at: number;
}

/** Headers of a replayed record, which name the dead letter that it replays. */
export const REPLAY_HEADERS = { deadLetterId: 'x-dlq-id', replayCount: 'x-dlq-replay-count' } as const;
