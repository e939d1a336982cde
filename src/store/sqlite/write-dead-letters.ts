import type { AuditEntry } from '../dead-letter-store.ts';
import type { DeadLetter, FailedRecord } from '../dead-letter.ts';
import type { AppliedRecord, BatchToSave } from '../order-store.ts';
import { DEAD_LETTER_VALUES, valuesOf } from '../sql/columns.ts';
import { FAILED_COLUMNS, toFailedRecord, UNSETTLED, type FailedRow } from '../sql/rows.ts';
import { insertInto, type SqliteClient } from './client.ts';

/** A record that is stored already stays as it is. */
const INSERT = `
  ${insertInto('dead_letters', DEAD_LETTER_VALUES)} ON CONFLICT (topic, partition, "offset") DO NOTHING`;

/** Of two copies of one replay the first counts: it has raised the count that the second still names. */
const FAIL_AGAIN = `
  UPDATE dead_letters SET topic = ?, partition = ?, "offset" = ?, log_timestamp = ?, reason = ?, error = ?,
    attempts = attempts + ?, failed_at = ?, replay_count = ?, state = ?
  WHERE id = ? AND replay_count = ? - 1 AND value IS ? AND ${UNSETTLED}`;

const IS_STORED = 'SELECT 1 FROM dead_letters WHERE id = ? AND value IS ?';
const RESOLVE = `UPDATE dead_letters SET state = 'resolved' WHERE id = ? AND value IS ? AND ${UNSETTLED}`;
const NOTE = `
  INSERT INTO dead_letter_audit (letter_id, at, act, by, detail) VALUES (?, ?, ?, 'pipeline', ?)`;

const OF_ORDER = 'SELECT 1 FROM dead_letters WHERE order_id = ? LIMIT 1';
const AT = `SELECT ${FAILED_COLUMNS} FROM dead_letters WHERE topic = ? AND partition = ? AND "offset" = ?`;
const OF_RETRY = `
  SELECT ${FAILED_COLUMNS} FROM dead_letters
  WHERE order_id = ? AND failed_at >= (SELECT failed_at FROM retrying_orders WHERE order_id = ?) ORDER BY id`;

/** Writes the dead letters of a batch, within its transaction. */
export function writeDeadLetters(
  client: SqliteClient,
  { topic, deadLetters, resolved }: Pick<BatchToSave, 'topic' | 'deadLetters' | 'resolved'>,
): void {
  for (const deadLetter of deadLetters) {
    if (!failedAgain(client, topic, deadLetter)) {
      client.run(INSERT, ...valuesOf(DEAD_LETTER_VALUES, { ...deadLetter, topic }));
    }
  }
  for (const { id, value, outcome, at } of resolved) {
    if (client.run(RESOLVE, id, value).changes === 1) note(client, id, at, 'replay-resolved', outcome);
  }
}

/** The dead letters at these positions of the log. */
export function deadLettersAt(
  client: SqliteClient,
  topic: string,
  records: readonly AppliedRecord[],
): FailedRecord[] {
  return records.flatMap(({ position: { partition, offset } }) =>
    client.all<FailedRow>(AT, topic, partition, offset).map(toFailedRecord),
  );
}

/** What the latest retry of these orders gave up, and nothing that had failed before. */
export function deadLettersOfRetries(client: SqliteClient, orderIds: readonly string[]): FailedRecord[] {
  return orderIds.flatMap((id) => client.all<FailedRow>(OF_RETRY, id, id).map(toFailedRecord));
}

/** Those of the orders that have a dead letter. */
export function hasDeadLetters(client: SqliteClient, orderIds: readonly string[]): Set<string> {
  return new Set(orderIds.filter((id) => client.all(OF_ORDER, id).length > 0));
}

/** False for a record that is no replay, or names a dead letter that is not its own: it becomes a new dead letter. */
function failedAgain(client: SqliteClient, topic: string, deadLetter: DeadLetter): boolean {
  const { record, reason, error, attempts, failedAt, replayCount, replayOf: id, state } = deadLetter;
  if (id === undefined) return false;
  const { partition, offset, timestamp, value } = record;
  const { changes } = client.run(
    FAIL_AGAIN,
    ...[topic, partition, offset, timestamp, reason, error, attempts, failedAt, replayCount, state],
    ...[id, replayCount, value],
  );
  if (changes === 1) note(client, id, failedAt, 'replay-failed', `${reason}: ${error}`);
  return changes === 1 || client.all(IS_STORED, id, value).length > 0;
}

function note(client: SqliteClient, id: number, at: number, act: AuditEntry['act'], detail: string): void {
  client.run(NOTE, id, at, act, detail);
}
