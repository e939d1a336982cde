import type { Database as Connection } from 'better-sqlite3';
import { Database } from '../../../src/base/sqlite.ts';
import { pause } from '../abort.ts';
import type { Fault } from '../fault.ts';
import {
  PROGRESS,
  RETRYING_ORDERS,
  toProgress,
  toRetryingOrder,
  type DrillStore,
  type ProgressRow,
  type RetryingOrderRow,
} from './drill-store.ts';

/** A frozen writer may hold the lock itself. */
const LOCK_TIMEOUT_MS = 60_000;
const LOCK_INTERVAL_MS = 5;

/** @param path of the file, which the first service creates */
export function sqliteStore(path: string): DrillStore {
  return {
    url: `sqlite:${path}`,
    faults: [lockFileFault(path)],
    async retryingOrders() {
      return read<RetryingOrderRow>(path, RETRYING_ORDERS).map(toRetryingOrder);
    },
    async progress() {
      return toProgress(read<ProgressRow>(path, PROGRESS));
    },
  };
}

function read<Row>(path: string, sql: string): Row[] {
  const connection = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return connection.prepare<[], Row>(sql).all();
  } finally {
    connection.close();
  }
}

/** Another process holds the write lock of the SQLite file. */
function lockFileFault(path: string): Fault {
  return {
    kind: 'lock-store',
    async inject({ durationMs }, signal) {
      // Waiting inside SQLite would block the drill's event loop.
      const connection = new Database(path, { fileMustExist: true, timeout: 0 });
      try {
        await lock(connection, signal);
        await pause(durationMs, signal);
      } finally {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        connection.close();
      }
    },
  };
}

async function lock(connection: Connection, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  while (!signal.aborted) {
    try {
      connection.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > deadline) throw error;
      await pause(LOCK_INTERVAL_MS, signal);
    }
  }
}
