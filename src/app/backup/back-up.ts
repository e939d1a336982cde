import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServiceError, toError } from '../../base/errors.ts';
import { ignoreUnsupportedSync, makeFolder } from '../../base/make-folder.ts';
import { createPrivateFile } from '../../base/private-file.ts';
import type { EmbeddedEventLog } from '../../log/embedded/embedded-event-log.ts';
import { backUpStore } from '../../threads/store-backup.ts';
import { BackgroundSync } from './background-sync.ts';

/** `done` of `total` pages of the file are copied */
export type BackupProgress = (file: 'orders.db' | 'log.db', done: number, total: number) => void;

export interface BackupOptions {
  log: Pick<EmbeddedEventLog, 'holdingRetention' | 'backUp'>;
  storePath: string;
  /** absolute path of a folder that does not exist yet */
  folder: string;
  onProgress: BackupProgress;
  signal: AbortSignal;
}

/**
 * Copies the embedded log and the SQLite store into a new folder, while the service accepts and processes orders. The store
 * is copied first: the log then has every record that the copied store has not processed, because retention waits. The
 * folder appears when both files are complete and on disk.
 * @throws ServiceError `settings-invalid` if the folder exists, `backup-failed`; nothing is left behind
 */
export async function backUp({ log, storePath, folder, onProgress, signal }: BackupOptions): Promise<void> {
  const partial = await createPartial(folder);
  try {
    await log.holdingRetention(async () => {
      const copyOf = async (
        file: 'orders.db' | 'log.db',
        copy: (to: string, on: OnPages) => Promise<void>,
      ) => {
        const to = join(partial, file);
        createPrivateFile(to);
        const sync = new BackgroundSync(to);
        try {
          await copy(to, (done, total) => {
            sync.written();
            onProgress(file, done, total);
          });
        } finally {
          await sync.close();
        }
        await syncPath(to);
      };
      await copyOf('orders.db', (to, on) => backUpStore({ path: storePath, to }, on, signal));
      await copyOf('log.db', (to, on) => log.backUp(to, on, signal));
    });
    await syncPath(partial).catch(ignoreUnsupportedSync);
    await rename(partial, folder);
    await syncPath(dirname(folder)).catch(ignoreUnsupportedSync);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    if (cause instanceof ServiceError) throw cause;
    throw failure(folder, cause);
  }
}

type OnPages = (done: number, total: number) => void;

/** @returns the path of a new folder beside the final one, so that renaming it is atomic */
async function createPartial(folder: string): Promise<string> {
  const partial = `${folder}.partial`;
  for (const path of [folder, partial]) {
    if (!existsSync(path)) continue;
    const detail = `${path} exists already. A backup needs a new folder: give another path, or remove this one.`;
    throw new ServiceError('settings-invalid', detail);
  }
  try {
    makeFolder(dirname(folder));
    await mkdir(partial, { mode: 0o700 });
    return partial;
  } catch (cause) {
    throw failure(folder, cause);
  }
}

function failure(folder: string, cause: unknown): ServiceError {
  const detail = `The backup to ${folder} failed, and nothing of it was kept: ${toError(cause).message}`;
  return new ServiceError('backup-failed', detail, { cause });
}

/** A file or a folder. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
