import type { DeadLetter, ResolvedDeadLetter } from '../dead-letter.ts';
import { column, type Statement } from './statement.ts';

const CAN_BE_SETTLED = `state IN ('open', 'replaying', 'exhausted')`;

/**
 * A letter that is the replay of another moves that one. Of two copies of one replay the first counts: it has raised the
 * count that the second still names. A record that names a letter which is not its own is kept as a letter of its own,
 * and a record that is kept already stays as it is.
 */
const KEEP = `
  WITH given AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[], $7::text[], $8::text[],
                         $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[],
                         $15::bigint[]) WITH ORDINALITY
      AS given (partition, "offset", key, value, log_timestamp, order_id, reason, error, attempts, first_failed_at,
                failed_at, replay_count, state, replay_of, place)),
  failed_again AS (
    UPDATE dead_letters AS kept SET topic = $1, partition = given.partition, "offset" = given."offset",
      log_timestamp = given.log_timestamp, reason = given.reason, error = given.error,
      attempts = kept.attempts + given.attempts, failed_at = given.failed_at, replay_count = given.replay_count,
      state = given.state
    FROM given
    WHERE kept.id = given.replay_of AND kept.replay_count = given.replay_count - 1
      AND kept.value IS NOT DISTINCT FROM given.value AND kept.${CAN_BE_SETTLED}
    RETURNING kept.id, given.failed_at, given.reason || ': ' || given.error AS detail),
  noted AS (
    INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
    SELECT id, failed_at, 'replay-failed', 'pipeline', detail FROM failed_again)
  INSERT INTO dead_letters (topic, partition, "offset", key, value, log_timestamp, order_id, reason, error, attempts,
                            first_failed_at, failed_at, replay_count, state)
  SELECT $1, partition, "offset", key, value, log_timestamp, order_id, reason, error, attempts, first_failed_at,
         failed_at, replay_count, state
  FROM given
  WHERE NOT EXISTS (
    SELECT 1 FROM dead_letters AS kept
    WHERE kept.id = given.replay_of AND kept.value IS NOT DISTINCT FROM given.value)
  ORDER BY place ON CONFLICT (topic, partition, "offset") DO NOTHING`;

const RESOLVE = `
  WITH resolved AS (
    UPDATE dead_letters AS kept SET state = 'resolved'
    FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[]) AS given (id, value, outcome, at)
    WHERE kept.id = given.id AND kept.value IS NOT DISTINCT FROM given.value AND kept.${CAN_BE_SETTLED}
    RETURNING kept.id, given.at, given.outcome)
  INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
  SELECT id, at, 'replay-resolved', 'pipeline', outcome FROM resolved`;

/** What a batch does to dead letters. */
export function deadLetterStatements(
  topic: string,
  letters: readonly DeadLetter[],
  resolved: readonly ResolvedDeadLetter[],
): Statement[] {
  const statements = rounds(letters).map((round) => keep(topic, round));
  return resolved.length === 0 ? statements : [...statements, resolve(resolved)];
}

/** A statement changes a row once: letters that name the same one come one after the other. Mostly there is one round. */
function rounds(letters: readonly DeadLetter[]): DeadLetter[][] {
  const all: DeadLetter[][] = [];
  const times = new Map<number, number>();
  let earliest = 0;
  for (const letter of letters) {
    const { replayOf } = letter;
    const round = replayOf === undefined ? earliest : Math.max(earliest, times.get(replayOf) ?? 0);
    if (replayOf !== undefined) times.set(replayOf, round + 1);
    earliest = round;
    (all[round] ??= []).push(letter);
  }
  return all;
}

function keep(topic: string, letters: readonly DeadLetter[]): Statement {
  return {
    name: 'keep-dead-letters',
    text: KEEP,
    values: [
      topic,
      column(letters, ({ record }) => record.partition),
      column(letters, ({ record }) => record.offset),
      column(letters, ({ record }) => record.key),
      column(letters, ({ record }) => record.value),
      column(letters, ({ record }) => record.timestamp),
      column(letters, ({ orderId }) => orderId),
      column(letters, ({ reason }) => reason),
      column(letters, ({ error }) => error),
      column(letters, ({ attempts }) => attempts),
      column(letters, ({ firstFailedAt }) => firstFailedAt),
      column(letters, ({ failedAt }) => failedAt),
      column(letters, ({ replayCount }) => replayCount),
      column(letters, ({ state }) => state),
      column(letters, ({ replayOf }) => replayOf ?? null),
    ],
  };
}

function resolve(resolved: readonly ResolvedDeadLetter[]): Statement {
  return {
    name: 'resolve-dead-letters',
    text: RESOLVE,
    values: [
      column(resolved, ({ id }) => id),
      column(resolved, ({ value }) => value),
      column(resolved, ({ outcome }) => outcome),
      column(resolved, ({ at }) => at),
    ],
  };
}
