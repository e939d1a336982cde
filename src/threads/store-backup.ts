import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Plain data for the thread. */
export interface StoreBackupTask {
  path: string;
  to: string;
}

/**
 * Copies an SQLite store as of now to a new file, on a thread of its own; writers go on. Their WAL grows meanwhile.
 * @param onProgress receives pages
 * @throws the signal's reason, or the error of SQLite
 */
export async function backUpStore(
  task: StoreBackupTask,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./store-backup-thread.js', import.meta.url), {
    execArgv: [],
    workerData: task,
  });
  worker.on('message', ([done, total]: [number, number]) => onProgress(done, total));
  let terminated: Promise<unknown> | undefined;
  const abort = () => {
    terminated = worker.terminate();
  };
  signal.addEventListener('abort', abort);
  try {
    // Rejects with an uncaught error of the thread.
    await once(worker, 'exit');
  } finally {
    signal.removeEventListener('abort', abort);
    await terminated;
  }
  signal.throwIfAborted();
}
