import type { Audit, DeadLetterWithPayload, Selection } from '../dead-letter-store.ts';
import { selectionById } from '../sql/dead-letter-queries.ts';
import { MAX_SELECTED_BYTES, SqlDeadLetterStore } from '../sql/dead-letter-store.ts';
import { PAYLOAD_COLUMNS, toEntry, UNRESOLVED } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import type { PostgresConnection } from './connection.ts';
import { postgresDialect } from './dialect.ts';

const NOTE = 'INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)';

/** Locks rows in id order, so that two bulk actions on the same dead letters cannot deadlock. */
const WITH_UNRESOLVED = `
  WITH unresolved AS (
    SELECT id, state, replay_count FROM dead_letters WHERE id = ANY($1::bigint[]) AND ${UNRESOLVED} ORDER BY id FOR UPDATE)`;

const BEGIN_REPLAY = `
  ${WITH_UNRESOLVED},
  noted AS (${NOTE} SELECT id, 'replay-begun', $2, $3, 'replay ' || (replay_count + 1) FROM unresolved)
  SELECT id FROM unresolved ORDER BY id`;

const DISCARD = `
  ${WITH_UNRESOLVED},
  noted AS (${NOTE} SELECT id, 'discarded', $2, $3, 'was ' || state FROM unresolved),
  discarded AS (UPDATE dead_letters SET state = 'discarded' FROM unresolved WHERE dead_letters.id = unresolved.id)
  SELECT id FROM unresolved ORDER BY id`;

/** Skips dead letters that the pipeline has processed meanwhile: their state or replay count has changed. */
const SENT = `
  WITH sent AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS sent (id, replay_count)),
  marked AS (
    UPDATE dead_letters AS stored SET state = 'replaying' FROM sent
    WHERE stored.id = sent.id AND stored.replay_count = sent.replay_count AND stored.state IN ('open', 'exhausted'))
  ${NOTE} SELECT id, 'replay-sent', $3, $4, 'replay ' || (replay_count + 1) FROM sent`;

const REFUSED = `
  ${NOTE} SELECT id, 'replay-refused', $3, $4, reason
  FROM unnest($1::bigint[], $2::text[]) AS refused (id, reason)`;

/** Every call is one statement. */
export class PostgresDeadLetterStore extends SqlDeadLetterStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    super(connection, postgresDialect);
    this.#connection = connection;
  }

  async select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]> {
    const statement = selectStatement(selection, { afterId, limit, maxBytes: MAX_SELECTED_BYTES });
    return (await this.#connection.query<DeadLetterWithPayload>(statement)).map(toEntry);
  }

  replayBegun(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#change('begin-replay', BEGIN_REPLAY, ids, at, by);
  }

  async replaySent(sent: readonly { id: number; replayCount: number }[], { at, by }: Audit): Promise<void> {
    const counts = sent.map(({ replayCount }) => replayCount);
    await this.#change(
      'replay-sent',
      SENT,
      sent.map(({ id }) => id),
      counts,
      at,
      by,
    );
  }

  async replayRefused(refused: readonly { id: number; reason: string }[], { at, by }: Audit): Promise<void> {
    const ids = refused.map(({ id }) => id);
    const reasons = refused.map(({ reason }) => reason);
    await this.#change('replay-refused', REFUSED, ids, reasons, at, by);
  }

  discard(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#change('discard', DISCARD, ids, at, by);
  }

  async #change(name: string, text: string, ...values: unknown[]): Promise<number[]> {
    const [rows] = await this.#connection.write([{ name, text, values }]);
    return ((rows ?? []) as { id: number }[]).map(({ id }) => id);
  }
}

export function selectStatement(
  selection: Selection,
  { afterId, limit, maxBytes }: { afterId: number; limit: number; maxBytes: number },
): Statement {
  const { name, from, text, values } = selectionById(postgresDialect, selection);
  return {
    name: `select ${name}`,
    text: `SELECT ${PAYLOAD_COLUMNS} FROM (
             SELECT *, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before FROM (
               SELECT *, coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0) AS bytes
               FROM ${from} WHERE ${text} AND id > ? ORDER BY id LIMIT ?) AS next) AS page
           WHERE bytes_before < ?::bigint ORDER BY id`,
    values: [...values, afterId, limit, maxBytes],
  };
}
