import type { Statement } from 'better-sqlite3';
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
import { settled, type Connection } from './connection.ts';
import { countStatement, listStatement, reasonsStatement, selectStatement } from './dead-letter-query.ts';
import {
  PAYLOAD_COLUMNS,
  toEntry,
  toEntryWithPayload,
  type EntryRow,
  type PayloadRow,
} from '../dead-letter-rows.ts';
import type { SqlStatement } from './keyset.ts';
import type { Value } from './values.ts';
import { withWriteTurn, type WriteLock } from './write-lock.ts';

/** Bytes of payloads from which on a selection is enough for one page. */
const MAX_SELECTED_BYTES = 4 * 1024 * 1024;

const AUDIT = `
  SELECT at, act, by, detail FROM
    (SELECT * FROM dead_letter_audit WHERE letter_id = ? ORDER BY id DESC LIMIT 1000) ORDER BY id`;

const NOTE_REPLAY = `
  INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)
  SELECT id, 'replay-begun', ?, ?, 'replay ' || (replay_count + 1) FROM dead_letters NOT INDEXED
  WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('open', 'replaying', 'exhausted') ORDER BY id
  RETURNING letter_id AS id`;

const NOTE_SENT = `INSERT INTO dead_letter_audit (letter_id, act, at, by, detail) VALUES (?, 'replay-sent', ?, ?, ?)`;

/** One that the pipeline has settled by now has another state, or has failed once more. */
const MARK_SENT = `UPDATE dead_letters SET state = 'replaying' WHERE id = ? AND replay_count = ? AND state IN ('open', 'exhausted')`;

const NOTE_DISCARD = `
  INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)
  SELECT id, 'discarded', ?, ?, 'was ' || state FROM dead_letters NOT INDEXED
  WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('open', 'replaying', 'exhausted') ORDER BY id
  RETURNING letter_id AS id`;

const DISCARD = `
  UPDATE dead_letters NOT INDEXED SET state = 'discarded' WHERE id IN (SELECT value FROM json_each(?))`;

/** Waits, for the disk and for its turn to write: not for a thread that answers requests. */
export class SqliteDeadLetterStore implements DeadLetterStore {
  readonly #connection: Connection;
  readonly #turn: WriteLock;
  /** by text, of which there are some forty */
  readonly #statements = new Map<string, Statement<Value[]>>();

  /** The connection is closed by `close`. */
  constructor(connection: Connection, turn: WriteLock) {
    this.#connection = connection;
    this.#turn = turn;
  }

  list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return settled(() => {
      // One more than asked for tells whether there is a next page.
      const rows = this.#all<EntryRow>(listStatement({ ...query, limit: query.limit + 1 }));
      const data = rows.slice(0, query.limit).map(toEntry);
      const last = data.at(-1);
      const more = rows.length > data.length && last !== undefined;
      return { data, nextCursor: more ? formatCursor({ createdAt: last.failedAt, seq: last.id }) : null };
    });
  }

  reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    return settled(() => {
      const rows = this.#all<{ reason: string; letters: number }>(reasonsStatement(filter));
      const met = rows.filter(({ letters }) => letters > 0);
      return Object.fromEntries(met.map(({ reason, letters }) => [reason, letters]));
    });
  }

  find(id: number): Promise<DeadLetterWithPayload | undefined> {
    return settled(() => {
      const sql = `SELECT ${PAYLOAD_COLUMNS} FROM dead_letters WHERE id = ?`;
      return this.#all<PayloadRow>({ sql, values: [id] }).map(toEntryWithPayload)[0];
    });
  }

  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]> {
    return settled(() => {
      const { sql, values } = selectStatement(selection, afterId, limit);
      const letters: DeadLetterWithPayload[] = [];
      let bytes = 0;
      for (const row of this.#prepared<PayloadRow>(sql).iterate(...values)) {
        letters.push(toEntryWithPayload(row));
        bytes += (row.key?.length ?? 0) + (row.value?.length ?? 0);
        if (bytes >= MAX_SELECTED_BYTES) break;
      }
      return letters;
    });
  }

  count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount> {
    return settled(() => {
      const [count] = this.#all<DeadLetterCount>(countStatement(selection, eligible));
      return count ?? { matched: 0, eligible: 0 };
    });
  }

  newestId(): Promise<number> {
    const sql = 'SELECT ifnull(max(id), 0) AS id FROM dead_letters';
    return settled(() => this.#idsOf({ sql, values: [] })[0] ?? 0);
  }

  replayBegun(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#write(() => this.#idsOf({ sql: NOTE_REPLAY, values: [at, by, JSON.stringify(ids)] }));
  }

  replaySent(letters: readonly { id: number; replayCount: number }[], { at, by }: Audit): Promise<void> {
    return this.#write(() => {
      for (const { id, replayCount } of letters) {
        this.#prepared(MARK_SENT).run(id, replayCount);
        this.#prepared(NOTE_SENT).run(id, at, by, `replay ${replayCount + 1}`);
      }
    });
  }

  discard(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#write(() => {
      const noted = this.#idsOf({ sql: NOTE_DISCARD, values: [at, by, JSON.stringify(ids)] });
      this.#prepared(DISCARD).run(JSON.stringify(noted));
      return noted;
    });
  }

  audit(id: number): Promise<AuditEntry[]> {
    return settled(() => this.#all<AuditEntry>({ sql: AUDIT, values: [id] }));
  }

  close(): Promise<void> {
    return settled(() => {
      this.#connection.close();
    });
  }

  #write<T>(work: () => T): Promise<T> {
    const transaction = this.#connection.transaction(work);
    return settled(() => withWriteTurn(this.#turn, () => transaction.immediate()));
  }

  #idsOf(statement: SqlStatement): number[] {
    return this.#all<{ id: number }>(statement).map(({ id }) => id);
  }

  #all<Row>({ sql, values }: SqlStatement): Row[] {
    return this.#prepared<Row>(sql).all(...values);
  }

  #prepared<Row>(sql: string): Statement<Value[], Row> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare<Value[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<Value[], Row>;
  }
}
