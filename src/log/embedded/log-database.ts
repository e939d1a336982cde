import type { Database as Connection } from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';
import { createPrivateFile } from '../../base/private-file.ts';
import { Database } from '../../base/sqlite.ts';
import { ServiceError } from '../../base/errors.ts';

/** Format 2 added headers and null keys and values, format 3 an identity. This version reads records of all formats. */
const SCHEMA_VERSION = 3;

/*
 * A chunk holds records that one transaction appended to one partition. `slot` numbers the partitions of all topics. The id of
 * a chunk is slot * SLOT_SIZE + first offset, so the primary key sorts the chunks of a partition by offset.
 */
const SCHEMA = `
  CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE partitions (
    slot INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL DEFAULT 0, -- the oldest retained offset, or the next one if none is retained
    UNIQUE (topic, number)
  );
  CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    checksum INTEGER NOT NULL, -- crc32 of body
    body BLOB NOT NULL
  );
  CREATE TABLE keys (
    topic INTEGER NOT NULL,
    key BLOB NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (topic, key, offset)
  ) WITHOUT ROWID;
  CREATE TABLE group_offsets (
    group_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_id, slot)
  ) WITHOUT ROWID;
`;

/** The log's only row. A copy of the file keeps it, so it identifies the log and not the file. */
const IDENTITY = `
  CREATE TABLE identity (id TEXT NOT NULL);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Upper bound of the offsets of a partition: enough for fourteen years at 10 000 records a second. */
export const SLOT_SIZE = 2 ** 42;
/** Keeps chunk ids within the safe integers. */
export const MAX_SLOT = 2 ** 11 - 1;

/**
 * Opens the file with an exclusive lock. The operating system releases the lock when the process ends, even after a crash.
 * @throws SqliteError `SQLITE_BUSY` when another connection has it open · ServiceError `log-unavailable` for a file of
 *   a newer format
 */
export function openDatabase(file: string, maxFileBytes: number | undefined): Connection {
  makeFolder(dirname(file));
  createPrivateFile(file);
  const db = new Database(file, { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('fullfsync = ON');
    // A read-only root file system has no room for temporary files.
    db.pragma('temp_store = MEMORY');
    // LogDisk runs the checkpoints, because SQLite says nothing when one of its own fails.
    db.pragma('wal_autocheckpoint = 0');
    db.pragma('journal_size_limit = 67108864');
    if (maxFileBytes !== undefined) {
      const pageBytes = Number(db.pragma('page_size', { simple: true }));
      db.pragma(`max_page_count = ${Math.floor(maxFileBytes / pageBytes)}`);
    }
    db.transaction(() => migrate(db, file)).immediate();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Commits without waiting for the disk. A power failure may undo the commit, but no earlier durable commit.
 */
export function relaxed(db: Connection, work: () => void): void {
  db.pragma('synchronous = NORMAL');
  try {
    db.transaction(work)();
  } finally {
    db.pragma('synchronous = FULL');
  }
}

function migrate(db: Connection, file: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    const detail = `The event log ${file} has format ${version}; this version reads formats up to ${SCHEMA_VERSION}. Use the version that wrote it.`;
    throw new ServiceError('log-unavailable', detail);
  }
  if (version === 0) db.exec(SCHEMA);
  db.exec(IDENTITY);
  db.prepare('INSERT INTO identity VALUES (?)').run(randomUUID());
}

/** The random id of the log, generated when its file was created, or first opened by a version that knows identities. */
export function readIdentity(db: Connection): string {
  const id = db.prepare<[], string>('SELECT id FROM identity').pluck().get();
  if (id === undefined) throw new Error('its table identity is empty; restore the file from a backup');
  return id;
}
