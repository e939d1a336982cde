import type { DeadLetterEntry, DeadLetterWithPayload } from './dead-letter-store.ts';

export interface EntryRow {
  id: number;
  order_id: string | null;
  reason: DeadLetterEntry['reason'];
  error: string;
  attempts: number;
  topic: string;
  partition: number;
  offset: number;
  first_failed_at: number;
  failed_at: number;
  replay_count: number;
  state: DeadLetterEntry['state'];
}

export interface PayloadRow extends EntryRow {
  key: Buffer | null;
  value: Buffer | null;
}

export const ENTRY_COLUMNS = `id, order_id, reason, error, attempts, topic, partition, "offset", first_failed_at,
  failed_at, replay_count, state`;

export const PAYLOAD_COLUMNS = `${ENTRY_COLUMNS}, key, value`;

export function toEntry(row: EntryRow): DeadLetterEntry {
  return {
    id: row.id,
    orderId: row.order_id,
    reason: row.reason,
    error: row.error,
    attempts: row.attempts,
    topic: row.topic.replace(LOG_NAME, ''),
    partition: row.partition,
    offset: row.offset,
    firstFailedAt: row.first_failed_at,
    failedAt: row.failed_at,
    replayCount: row.replay_count,
    state: row.state,
  };
}

export function toEntryWithPayload(row: PayloadRow): DeadLetterWithPayload {
  return { ...toEntry(row), key: row.key, value: row.value };
}

/** What the name of a progress puts before the topic; a topic itself has no colon. */
const LOG_NAME = /^[a-z]+:/;
