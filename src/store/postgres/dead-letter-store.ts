import type { QueryResultRow } from 'pg';
import {
  PAYLOAD_COLUMNS,
  toEntry,
  toEntryWithPayload,
  type EntryRow,
  type PayloadRow,
} from '../dead-letter-rows.ts';
import type {
  Audit,
  AuditEntry,
  DeadLetterCount,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  DeadLetterWithPayload,
  Eligible,
  Selection,
} from '../dead-letter-store.ts';
import { formatCursor } from '../list-cursor.ts';
import type { PostgresConnection } from './connection.ts';
import { countStatement, listStatement, reasonsStatement, selectStatement } from './dead-letter-query.ts';

/** Bytes of payloads from which on a selection is enough for one page. */
const MAX_SELECTED_BYTES = 4 * 1024 * 1024;

const AUDIT = `
  SELECT at, act, by, detail FROM
    (SELECT * FROM dead_letter_audit WHERE letter_id = $1 ORDER BY id DESC LIMIT 1000) AS latest ORDER BY id`;

/** Locked in the order of their ids, so that two who act on the same letters wait for each other in one direction. */
const UNSETTLED = `
  SELECT id, state, replay_count FROM dead_letters
  WHERE id = ANY($1::bigint[]) AND state IN ('open', 'replaying', 'exhausted') ORDER BY id FOR UPDATE`;

const BEGIN_REPLAY = `
  WITH unsettled AS (${UNSETTLED}),
  noted AS (
    INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)
    SELECT id, 'replay-begun', $2, $3, 'replay ' || (replay_count + 1) FROM unsettled)
  SELECT id FROM unsettled ORDER BY id`;

const DISCARD = `
  WITH unsettled AS (${UNSETTLED}),
  noted AS (
    INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)
    SELECT id, 'discarded', $2, $3, 'was ' || state FROM unsettled),
  discarded AS (UPDATE dead_letters SET state = 'discarded' FROM unsettled WHERE dead_letters.id = unsettled.id)
  SELECT id FROM unsettled ORDER BY id`;

/** One that the pipeline has settled by now has another state, or has failed once more. */
const SENT = `
  WITH sent AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS sent (id, replay_count)),
  marked AS (
    UPDATE dead_letters AS kept SET state = 'replaying' FROM sent
    WHERE kept.id = sent.id AND kept.replay_count = sent.replay_count AND kept.state IN ('open', 'exhausted'))
  INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)
  SELECT id, 'replay-sent', $3, $4, 'replay ' || (replay_count + 1) FROM sent`;

/** On a connection of its own, one statement a call. */
export class PostgresDeadLetterStore implements DeadLetterStore {
  readonly #connection: PostgresConnection;

  /** The connection is closed by `close`. */
  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    // One more than asked for tells whether there is a next page.
    const rows = await this.#connection.query<EntryRow & QueryResultRow>(
      listStatement({ ...query, limit: query.limit + 1 }),
    );
    const data = rows.slice(0, query.limit).map(toEntry);
    const last = data.at(-1);
    const more = rows.length > data.length && last !== undefined;
    return { data, nextCursor: more ? formatCursor({ createdAt: last.failedAt, seq: last.id }) : null };
  }

  async reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    const rows = await this.#connection.query<{ reason: string; letters: number }>(reasonsStatement(filter));
    const met = rows.filter(({ letters }) => letters > 0);
    return Object.fromEntries(met.map(({ reason, letters }) => [reason, letters]));
  }

  async find(id: number): Promise<DeadLetterWithPayload | undefined> {
    const text = `SELECT ${PAYLOAD_COLUMNS} FROM dead_letters WHERE id = $1`;
    const rows = await this.#connection.query<PayloadRow>({ name: 'find-dead-letter', text, values: [id] });
    return rows.map(toEntryWithPayload)[0];
  }

  async select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]> {
    const page = { afterId, limit, maxBytes: MAX_SELECTED_BYTES };
    const rows = await this.#connection.query<PayloadRow>(selectStatement(selection, page));
    return rows.map(toEntryWithPayload);
  }

  async count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount> {
    const statement = countStatement(selection, eligible);
    const [count] = await this.#connection.query<DeadLetterCount & QueryResultRow>(statement);
    return count ?? { matched: 0, eligible: 0 };
  }

  async newestId(): Promise<number> {
    const text = 'SELECT coalesce(max(id), 0) AS id FROM dead_letters';
    const [newest] = await this.#idsOf('newest-dead-letter', text, []);
    return newest ?? 0;
  }

  replayBegun(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#idsOf('begin-replay', BEGIN_REPLAY, [ids, at, by]);
  }

  async replaySent(letters: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void> {
    const ids = letters.map(({ id }) => id);
    const counts = letters.map(({ replayCount }) => replayCount);
    await this.#idsOf('note-sent', SENT, [ids, counts, audit.at, audit.by]);
  }

  discard(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#idsOf('discard', DISCARD, [ids, at, by]);
  }

  audit(id: number): Promise<AuditEntry[]> {
    return this.#connection.query<AuditEntry & QueryResultRow>({ name: 'audit', text: AUDIT, values: [id] });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #idsOf(name: string, text: string, values: unknown[]): Promise<number[]> {
    const rows = await this.#connection.query<{ id: number }>({ name, text, values });
    return rows.map(({ id }) => id);
  }
}
