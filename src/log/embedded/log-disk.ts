import type { Database, Statement } from 'better-sqlite3';
import { rewriteWriteAheadLog } from './write-ahead-log.ts';

/** Length of the write-ahead log, in pages, from which it is copied into the file. */
const CHECKPOINT_PAGES = 1000;

/** What `verifyWritable` writes to prove that the disk accepts a group of records: a row that no partition can have. */
const PROBE_ID = -1;
const PROBE_BYTES = 65_536;

/** Copies the write-ahead log into the file, and makes both sound again after an error of the disk. */
export class LogDisk {
  readonly #db: Database;
  readonly #path: string;
  readonly #writeAheadLog: Statement<[], { log: number; checkpointed: number }>;

  constructor(db: Database, path: string) {
    this.#db = db;
    this.#path = path;
    this.#writeAheadLog = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /** Copies the write-ahead log into the file when it is long; the next write then starts it from the beginning. */
  checkpointIfLong(): void {
    const state = this.#writeAheadLog.get();
    if (state !== undefined && state.log >= CHECKPOINT_PAGES) this.#db.pragma('wal_checkpoint(PASSIVE)');
  }

  /**
   * After an error of the disk, the kernel may have dropped pages that SQLite believes to be written, of this transaction
   * and of earlier ones. Writes all of them again, to both files, and proves that the disk accepts more.
   * @throws Error if it does not, or if it has lost committed records
   */
  recover(): void {
    // A commit that failed to end its transaction may have left the setting of `relaxed`.
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    this.#db.pragma('synchronous = FULL');
    const state = this.#writeAheadLog.get();
    if (state !== undefined && state.log > 0) rewriteWriteAheadLog(`${this.#path}-wal`, state.log);
    this.verifyWritable();
  }

  /** Copies the write-ahead log into the file, and proves that the disk accepts a group of records. @throws SqliteError */
  verifyWritable(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db
      .prepare('INSERT OR REPLACE INTO chunks VALUES (?, 0, 0, 0, zeroblob(?))')
      .run(PROBE_ID, PROBE_BYTES);
    this.#db.prepare('DELETE FROM chunks WHERE id = ?').run(PROBE_ID);
  }
}
