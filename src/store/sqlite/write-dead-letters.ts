import type { AuditEntry } from '../dead-letter-store.ts';
import type { DeadLetter } from '../dead-letter.ts';
import type { BatchToSave } from '../order-store.ts';
import { DEAD_LETTER_VALUES, detailText, valuesOf } from '../sql/columns.ts';
import { insertInto, type SqliteClient } from './client.ts';

/**
 * Another record at the same position was in a log that is gone: the offsets started over after a loss that an operator
 * accepted. Its dead letter stays, under a topic name that no log has. Two records at a position differ in their timestamps.
 */
const SET_ASIDE = `
  UPDATE dead_letters SET topic = topic || '@' || id
  WHERE topic = ? AND partition = ? AND "offset" = ? AND log_timestamp <> ?`;

/** Leaves a record unchanged that is already a dead letter. */
const INSERT = `
  ${insertInto('dead_letters', DEAD_LETTER_VALUES)} ON CONFLICT (topic, partition, "offset") DO NOTHING`;

/**
 * If the log holds a replay twice, only the first copy counts: it raises `replay_count`, so the second no longer matches. A dead
 * letter that was discarded after its replay was sent stays discarded.
 */
const FAIL_AGAIN = `
  UPDATE dead_letters SET topic = ?, partition = ?, "offset" = ?, log_timestamp = ?, reason = ?, error = ?,
    error_detail = ?, attempts = attempts + ?, failed_at = ?, replay_count = ?,
    state = CASE state WHEN 'discarded' THEN state ELSE ? END
  WHERE id = ? AND replay_count = ? - 1 AND value IS ? AND state <> 'resolved'`;

const IS_STORED = 'SELECT 1 FROM dead_letters WHERE id = ? AND value IS ?';

/** Also a dead letter that was discarded after its replay was sent: the replay has taken effect, and the audit must say so. */
const RESOLVE = `UPDATE dead_letters SET state = 'resolved' WHERE id = ? AND value IS ? AND state <> 'resolved'`;

const NOTE = `
  INSERT INTO dead_letter_audit (letter_id, at, act, by, detail) VALUES (?, ?, ?, 'pipeline', ?)`;

/** Writes the dead letters of a batch, within its transaction. */
export function writeDeadLetters(
  client: SqliteClient,
  { topic, deadLetters, resolved }: Pick<BatchToSave, 'topic' | 'deadLetters' | 'resolved'>,
): void {
  for (const deadLetter of deadLetters) {
    const { partition, offset, timestamp } = deadLetter.record;
    client.run(SET_ASIDE, topic, partition, offset, timestamp);
    if (!failedAgain(client, topic, deadLetter)) {
      client.run(INSERT, ...valuesOf(DEAD_LETTER_VALUES, { ...deadLetter, topic }));
    }
  }
  for (const { id, value, outcome, at } of resolved) {
    if (client.run(RESOLVE, id, value).changes === 1) note(client, id, at, 'replay-resolved', outcome);
  }
}

/** False if the record is not a replay, or its id belongs to a dead letter with another value. It is then a new dead letter. */
function failedAgain(client: SqliteClient, topic: string, deadLetter: DeadLetter): boolean {
  const { record, reason, error, attempts, failedAt, replayCount, replayOf: id, state } = deadLetter;
  if (id === undefined) return false;
  const { partition, offset, timestamp, value } = record;
  const { changes } = client.run(
    FAIL_AGAIN,
    ...[topic, partition, offset, timestamp, reason, error, detailText(deadLetter.detail)],
    ...[attempts, failedAt, replayCount, state],
    ...[id, replayCount, value],
  );
  if (changes === 1) note(client, id, failedAt, 'replay-failed', `${reason}: ${error}`);
  return changes === 1 || client.all(IS_STORED, id, value).length > 0;
}

function note(client: SqliteClient, id: number, at: number, act: AuditEntry['act'], detail: string): void {
  client.run(NOTE, id, at, act, detail);
}
