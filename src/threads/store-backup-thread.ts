import { parentPort, workerData } from 'node:worker_threads';
import { openReadOnly } from '../store/sqlite/connection.ts';
import type { StoreBackupTask } from './store-backup.ts';

if (parentPort === null) throw new Error('store-backup-thread must run as a worker thread.');
const port = parentPort;
const { path, to } = workerData as StoreBackupTask;

const STEP_PAGES = 1024;

const connection = openReadOnly(path);
try {
  // The first read starts a snapshot. Without one, SQLite would begin again after each write of another connection.
  connection.exec('BEGIN; SELECT count(*) FROM progress;');
  await connection.backup(to, {
    progress({ totalPages, remainingPages }) {
      port.postMessage([totalPages - remainingPages, totalPages]);
      return STEP_PAGES;
    },
  });
} finally {
  connection.close();
}
