import { formatPosition } from '../../base/position.ts';
import type { DeadLetter } from '../dead-letter.ts';
import type { BatchToSave } from '../order-store.ts';
import { columnList, DEAD_LETTER_VALUES } from '../sql/columns.ts';
import type { Statement } from '../sql/statement.ts';
import { columnValues, unnest } from './statement.ts';

const COLUMNS = columnList(DEAD_LETTER_VALUES);
const GIVEN = [...DEAD_LETTER_VALUES, { name: 'replay_of', type: 'bigint' } as const];

/**
 * Another record at the same position was in a log that is gone: the offsets started over after a loss that an operator
 * accepted. Its dead letter stays, under a topic name that no log has. Two records at a position differ in their timestamps.
 */
const SET_ASIDE = `
  UPDATE dead_letters AS stored SET topic = stored.topic || '@' || stored.id
  FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS given (partition, "offset", log_timestamp)
  WHERE stored.topic = $1 AND stored.partition = given.partition AND stored."offset" = given."offset"
    AND stored.log_timestamp <> given.log_timestamp`;

/**
 * A replay that fails again updates its dead letter. If the log holds a replay twice, only the first copy counts: it raises
 * `replay_count`, so the second no longer matches. A dead letter that was discarded after its replay was sent stays discarded.
 * A replay whose id belongs to a dead letter with another value becomes a new dead letter. A record that is already a dead letter stays unchanged.
 */
const INSERT_OR_FAIL_AGAIN = `
  WITH given AS (
    SELECT * FROM ${unnest(GIVEN)} WITH ORDINALITY AS given (${columnList(GIVEN)}, ordinal)),
  failed_again AS (
    UPDATE dead_letters AS stored SET topic = given.topic, partition = given.partition, "offset" = given."offset",
      log_timestamp = given.log_timestamp, reason = given.reason, error = given.error,
      error_detail = given.error_detail, attempts = stored.attempts + given.attempts, failed_at = given.failed_at, replay_count = given.replay_count,
      state = CASE stored.state WHEN 'discarded' THEN stored.state ELSE given.state END
    FROM given
    WHERE stored.id = given.replay_of AND stored.replay_count = given.replay_count - 1
      AND stored.value IS NOT DISTINCT FROM given.value AND stored.state <> 'resolved'
    RETURNING stored.id, given.failed_at, given.reason || ': ' || given.error AS detail),
  noted AS (
    INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
    SELECT id, failed_at, 'replay-failed', 'pipeline', detail FROM failed_again)
  INSERT INTO dead_letters (${COLUMNS}) SELECT ${COLUMNS} FROM given
  WHERE NOT EXISTS (
    SELECT 1 FROM dead_letters AS stored
    WHERE stored.id = given.replay_of AND stored.value IS NOT DISTINCT FROM given.value)
  ORDER BY ordinal ON CONFLICT (topic, partition, "offset") DO NOTHING`;

/** Also a dead letter that was discarded after its replay was sent: the replay has taken effect, and the audit must say so. */
const RESOLVE = `
  WITH resolved AS (
    UPDATE dead_letters AS stored SET state = 'resolved'
    FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[]) AS given (id, value, outcome, at)
    WHERE stored.id = given.id AND stored.value IS NOT DISTINCT FROM given.value AND stored.state <> 'resolved'
    RETURNING stored.id, given.at, given.outcome)
  INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
  SELECT id, at, 'replay-resolved', 'pipeline', outcome FROM resolved`;

/** The changes of a batch to dead letters. */
export function deadLetterStatements({
  topic,
  deadLetters,
  resolved,
}: Pick<BatchToSave, 'topic' | 'deadLetters' | 'resolved'>): Statement[] {
  const statements = rounds(deadLetters).flatMap((round) => [
    setAsideStatement(topic, round),
    {
      name: 'write-dead-letters',
      text: INSERT_OR_FAIL_AGAIN,
      values: [
        ...columnValues(
          DEAD_LETTER_VALUES,
          round.map((deadLetter) => ({ ...deadLetter, topic })),
        ),
        round.map(({ replayOf }) => replayOf ?? null),
      ],
    },
  ]);
  if (resolved.length === 0) return statements;
  const values = [
    resolved.map(({ id }) => id),
    resolved.map(({ value }) => value),
    resolved.map(({ outcome }) => outcome),
    resolved.map(({ at }) => at),
  ];
  return [...statements, { name: 'resolve-dead-letters', text: RESOLVE, values }];
}

function setAsideStatement(topic: string, deadLetters: readonly DeadLetter[]): Statement {
  const records = deadLetters.map(({ record }) => record);
  const values = [
    topic,
    records.map(({ partition }) => partition),
    records.map(({ offset }) => offset),
    records.map(({ timestamp }) => timestamp),
  ];
  return { name: 'set-aside-dead-letters', text: SET_ASIDE, values };
}

/**
 * A statement can change a row only once, so replays of one dead letter go to different rounds, and so do records with one
 * position. Usually one round is enough.
 */
function rounds(deadLetters: readonly DeadLetter[]): DeadLetter[][] {
  const all: DeadLetter[][] = [];
  const next = new Map<number | string, number>();
  let earliest = 0;
  for (const deadLetter of deadLetters) {
    const { replayOf, record } = deadLetter;
    const keys = [formatPosition(record), ...(replayOf === undefined ? [] : [replayOf])];
    const round = Math.max(earliest, ...keys.map((key) => next.get(key) ?? 0));
    for (const key of keys) next.set(key, round + 1);
    earliest = round;
    (all[round] ??= []).push(deadLetter);
  }
  return all;
}
