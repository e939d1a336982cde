import type { LogRecord } from '../base/log-record.ts';

/**
 * `open`: needs a decision · `replaying`: sent to the log again, not processed yet · `resolved`: its replay was processed ·
 * `discarded`: given up by a person · `exhausted`: replayed too often without success, replays skip it
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

/** A record that failed permanently, byte for byte, and why. Times are milliseconds since the epoch. */
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

/**
 * A failed record to store: as a new dead letter, or as the one whose replay has failed again. Invariant 8: it is saved in the
 * transaction of its batch, so it is durable before its offset moves.
 */
export interface DeadLetter extends FailedRecord {
  /** id of the dead letter that this record replays */
  replayOf: number | undefined;
  state: Extract<DeadLetterState, 'open' | 'exhausted'>;
}

/**
 * A dead letter whose replay was processed, and a few words about the outcome. A dead letter of that id with another `value`
 * is not the one that was replayed: ids start again in a new store, while the log keeps the replays of the old one.
 */
export interface ResolvedDeadLetter {
  id: number;
  value: Buffer | null;
  outcome: string;
  at: number;
}

/** Headers of a replayed record: they tell the pipeline which dead letter it replays. */
export const REPLAY_HEADERS = { letter: 'x-dlq-id', replayCount: 'x-dlq-replay-count' } as const;
