import type { Audit, DeadLetterWithPayload, Selection } from '../dead-letter-store.ts';
import { selectionById } from '../sql/dead-letter-queries.ts';
import { MAX_SELECTED_BYTES, SqlDeadLetterStore } from '../sql/dead-letter-store.ts';
import { PAYLOAD_COLUMNS, toEntry, UNRESOLVED } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import { SqliteClient } from './client.ts';
import type { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import type { WriteLock } from './write-lock.ts';

const NOTE = 'INSERT INTO dead_letter_audit (letter_id, act, at, by, detail)';

const UNRESOLVED_AMONG = `
  FROM dead_letters NOT INDEXED WHERE id IN (SELECT value FROM json_each(?)) AND ${UNRESOLVED} ORDER BY id
  RETURNING letter_id AS id`;

const NOTE_REPLAY = `
  ${NOTE} SELECT id, 'replay-begun', ?, ?, 'replay ' || (replay_count + 1) ${UNRESOLVED_AMONG}`;

/** Skips a dead letter that the pipeline has processed meanwhile: its state or replay count has changed. */
const MARK_SENT = `
  UPDATE dead_letters SET state = 'replaying' WHERE id = ? AND replay_count = ? AND state IN ('open', 'exhausted')`;
const NOTE_SENT = `${NOTE} VALUES (?, 'replay-sent', ?, ?, ?)`;

const NOTE_REFUSED = `${NOTE} VALUES (?, 'replay-refused', ?, ?, ?)`;

const NOTE_DISCARD = `${NOTE} SELECT id, 'discarded', ?, ?, 'was ' || state ${UNRESOLVED_AMONG}`;
const DISCARD = `
  UPDATE dead_letters NOT INDEXED SET state = 'discarded' WHERE id IN (SELECT value FROM json_each(?))`;

/** Blocks its thread while it waits for the disk and the write lock, so never use it on a thread that answers requests. */
export class SqliteDeadLetterStore extends SqlDeadLetterStore {
  readonly #client: SqliteClient;
  readonly #lock: WriteLock;

  constructor(connection: Connection, lock: WriteLock) {
    const client = new SqliteClient(connection);
    super(client, sqliteDialect);
    this.#client = client;
    this.#lock = lock;
  }

  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]> {
    return this.#client.snapshotRead(() => {
      const { text, values } = selectStatement(selection, afterId, limit);
      const selected: DeadLetterWithPayload[] = [];
      let bytes = 0;
      // `iterate` reads rows one by one, so breaking off leaves the rest unread.
      for (const row of this.#client.prepared<DeadLetterWithPayload>(text).iterate(values)) {
        selected.push(toEntry(row));
        bytes += (row.key?.length ?? 0) + (row.value?.length ?? 0);
        if (bytes >= MAX_SELECTED_BYTES) break;
      }
      return selected;
    });
  }

  replayBegun(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#client.write(this.#lock, () => this.#note(NOTE_REPLAY, at, by, ids));
  }

  replaySent(sent: readonly { id: number; replayCount: number }[], { at, by }: Audit): Promise<void> {
    return this.#client.write(this.#lock, () => {
      for (const { id, replayCount } of sent) {
        this.#client.run(MARK_SENT, id, replayCount);
        this.#client.run(NOTE_SENT, id, at, by, `replay ${replayCount + 1}`);
      }
    });
  }

  replayRefused(refused: readonly { id: number; reason: string }[], { at, by }: Audit): Promise<void> {
    return this.#client.write(this.#lock, () => {
      for (const { id, reason } of refused) this.#client.run(NOTE_REFUSED, id, at, by, reason);
    });
  }

  discard(ids: readonly number[], { at, by }: Audit): Promise<number[]> {
    return this.#client.write(this.#lock, () => {
      const noted = this.#note(NOTE_DISCARD, at, by, ids);
      this.#client.run(DISCARD, JSON.stringify(noted));
      return noted;
    });
  }

  #note(text: string, at: number, by: string, ids: readonly number[]): number[] {
    return this.#client.all<{ id: number }>(text, at, by, JSON.stringify(ids)).map(({ id }) => id);
  }
}

export function selectStatement(selection: Selection, afterId: number, limit: number): Statement {
  const { name, from, text, values } = selectionById(sqliteDialect, selection);
  return {
    name: `select ${name}`,
    text: `SELECT ${PAYLOAD_COLUMNS} FROM ${from} WHERE ${text} AND id > ? ORDER BY id LIMIT ?`,
    values: [...values, afterId, limit],
  };
}
