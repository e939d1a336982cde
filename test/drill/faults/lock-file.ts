import type { Database as Connection } from 'better-sqlite3';
import { Database } from '../../../src/base/sqlite.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** A writer that is held still may hold the lock itself for as long. */
const PATIENCE_MS = 60_000;
const PAUSE_BETWEEN_TRIES_MS = 5;

/** Somebody else writes to the SQLite file, and takes its time. */
export function lockFile(path: string): Fault {
  return {
    kind: 'lock-store',
    async inject({ durationMs }, signal) {
      // No waiting inside SQLite: it would hold up the whole drill.
      const connection = new Database(path, { fileMustExist: true, timeout: 0 });
      try {
        await begin(connection, signal);
        await pause(durationMs, signal);
      } finally {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        connection.close();
      }
    },
  };
}

async function begin(connection: Connection, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!signal.aborted) {
    try {
      connection.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > deadline) throw error;
      await pause(PAUSE_BETWEEN_TRIES_MS, signal);
    }
  }
}
