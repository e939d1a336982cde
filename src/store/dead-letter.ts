import type { LogRecord } from '../base/log-record.ts';

/**
 * `open`: waits for somebody's decision · `replaying`: sent to the log again, not processed yet · `resolved`: its replay
 * was done · `discarded`: given up by somebody · `exhausted`: failed again too often, replays pass it over
 */
export const DEAD_LETTER_STATES = ['open', 'replaying', 'resolved', 'discarded', 'exhausted'] as const;

export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

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

/** A record that failed for good, kept byte for byte, and why. Times are milliseconds since the epoch. */
export interface FailedRecord {
  record: LogRecord;
  orderId: string | null;
  reason: DeadLetterReason;
  error: string;
  /** how often it was tried */
  attempts: number;
  firstFailedAt: number;
  failedAt: number;
  /** how often a replay of it has failed */
  replayCount: number;
}

/** A failed record to be kept: as a new dead letter, or as the one whose replay has failed again. */
export interface DeadLetter extends FailedRecord {
  /** the dead letter that this record was a replay of */
  replayOf: number | undefined;
  state: Extract<DeadLetterState, 'open' | 'exhausted'>;
}

/**
 * The replay of a dead letter was processed; `outcome` says in a few words what it brought. A letter of that id with
 * another `value` is not the one that was replayed: ids begin anew in a new store, and the log keeps its replays.
 */
export interface ResolvedDeadLetter {
  id: number;
  value: Buffer | null;
  outcome: string;
  at: number;
}

/** Headers of a replayed record: they tell the pipeline which dead letter it settles. */
export const REPLAY_HEADERS = { letter: 'x-dlq-id', replayCount: 'x-dlq-replay-count' } as const;
