import type { Statement } from 'better-sqlite3';
import type { AuditEntry } from '../dead-letter-store.ts';
import type { DeadLetter, FailedRecord, ResolvedDeadLetter } from '../dead-letter.ts';
import { FAILED_COLUMNS, toFailedRecord, type FailedRow } from '../failed-row.ts';
import type { AppliedRecord } from '../order-store.ts';
import type { Connection } from './connection.ts';
import type { Value } from './values.ts';

/** A record that is kept already stays as it is. */
const INSERT = `
  INSERT INTO dead_letters (topic, partition, "offset", key, value, log_timestamp, order_id, reason, error, attempts,
                            first_failed_at, failed_at, replay_count, state)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, partition, "offset") DO NOTHING`;

/** Of two copies of one replay the first counts: it has raised the count that the second still names. */
const FAIL_AGAIN = `
  UPDATE dead_letters SET topic = ?, partition = ?, "offset" = ?, log_timestamp = ?, reason = ?, error = ?,
    attempts = attempts + ?, failed_at = ?, replay_count = ?, state = ?
  WHERE id = ? AND replay_count = ? - 1 AND value IS ? AND state IN ('open', 'replaying', 'exhausted')`;

/** Writes the dead letters of a batch, within its transaction, and reads those that it had caused before. */
export class DeadLetterWriter {
  readonly #insert: Statement<Value[]>;
  readonly #failAgain: Statement<Value[]>;
  readonly #isKept: Statement<[number, Buffer | null], { found: number }>;
  readonly #resolve: Statement<Value[]>;
  readonly #audit: Statement<Value[]>;
  readonly #isKnown: Statement<[string], { found: number }>;
  readonly #at: Statement<[string, number, number], FailedRow>;
  readonly #ofRetry: Statement<[string, string], FailedRow>;

  constructor(connection: Connection) {
    const write = (sql: string): Statement<Value[]> => connection.prepare<Value[]>(sql);
    this.#insert = write(INSERT);
    this.#failAgain = write(FAIL_AGAIN);
    this.#isKept = connection.prepare(
      'SELECT EXISTS (SELECT 1 FROM dead_letters WHERE id = ? AND value IS ?) AS found',
    );
    this.#resolve = write(
      `UPDATE dead_letters SET state = 'resolved'
       WHERE id = ? AND value IS ? AND state IN ('open', 'replaying', 'exhausted')`,
    );
    this.#audit = write(
      'INSERT INTO dead_letter_audit (letter_id, at, act, by, detail) VALUES (?, ?, ?, ?, ?)',
    );
    this.#isKnown = connection.prepare(
      'SELECT EXISTS (SELECT 1 FROM dead_letters WHERE order_id = ?) AS found',
    );
    this.#at = connection.prepare(
      `SELECT ${FAILED_COLUMNS} FROM dead_letters WHERE topic = ? AND partition = ? AND "offset" = ?`,
    );
    this.#ofRetry = connection.prepare(
      `SELECT ${FAILED_COLUMNS} FROM dead_letters
       WHERE order_id = ? AND failed_at >= (SELECT failed_at FROM retrying_orders WHERE order_id = ?) ORDER BY id`,
    );
  }

  write(topic: string, letters: readonly DeadLetter[], resolved: readonly ResolvedDeadLetter[]): void {
    for (const letter of letters) {
      const isDone = letter.replayOf !== undefined && this.#failedAgain(topic, letter, letter.replayOf);
      if (!isDone) this.#insert.run(topic, ...valuesOf(letter));
    }
    for (const { id, value, outcome, at } of resolved) {
      if (this.#resolve.run(id, value).changes === 1) this.#note(id, at, 'replay-resolved', outcome);
    }
  }

  /** What stands at these positions of the log. */
  at(topic: string, records: readonly AppliedRecord[]): FailedRecord[] {
    return records.flatMap(({ position }) =>
      this.#at.all(topic, position.partition, position.offset).map(toFailedRecord),
    );
  }

  /** What the latest retry of these orders gave up, and nothing that had failed before it. */
  ofRetries(orderIds: readonly string[]): FailedRecord[] {
    return orderIds.flatMap((orderId) => this.#ofRetry.all(orderId, orderId).map(toFailedRecord));
  }

  /** Those of the orders of which anything was ever kept. */
  knownOrders(orderIds: readonly string[]): Set<string> {
    return new Set(orderIds.filter((orderId) => this.#isKnown.get(orderId)?.found === 1));
  }

  /** False for a record that names a dead letter which is not its own: it is kept as a letter of its own. */
  #failedAgain(topic: string, letter: DeadLetter, id: number): boolean {
    const { record, reason, error, attempts, failedAt, replayCount, state } = letter;
    const { partition, offset, timestamp, value } = record;
    const changed = this.#failAgain.run(
      ...[topic, partition, offset, timestamp, reason, error, attempts, failedAt, replayCount, state],
      ...[id, replayCount, value],
    ).changes;
    if (changed === 1) this.#note(id, failedAt, 'replay-failed', `${reason}: ${error}`);
    return changed === 1 || this.#isKept.get(id, value)?.found === 1;
  }

  #note(id: number, at: number, act: AuditEntry['act'], detail: string): void {
    this.#audit.run(id, at, act, 'pipeline', detail);
  }
}

function valuesOf(letter: DeadLetter): Value[] {
  const { partition, offset, key, value, timestamp } = letter.record;
  const { orderId, reason, error, attempts, firstFailedAt, failedAt, replayCount, state } = letter;
  return [
    ...[partition, offset, key, value, timestamp],
    ...[orderId, reason, error, attempts, firstFailedAt, failedAt, replayCount, state],
  ];
}
