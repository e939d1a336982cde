import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { toError } from './errors.ts';

/** Only this user may enter a new folder: it is for databases of orders, or for their backups. */
const PRIVATE = { mode: 0o700 };

/**
 * Creates a folder and its parents, durably: after a power failure, files in it must be found. (SQLite does the same for its
 * files.) Unlike Node's recursive `mkdirSync`, it does not loop forever on a file system that
 * refuses new folders with ENOENT, such as /proc.
 * @throws the error of the file system
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, PRIVATE);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!existsSync(path)) throw error;
  }
  syncFolder(parent);
}

/** What a network or FUSE file system without folder syncs says, and a folder that may be entered but not listed. */
const UNSUPPORTED = new Set(['EINVAL', 'ENOTSUP', 'EACCES']);

/**
 * For the error of a folder's sync: does nothing if folders cannot be synced there.
 * @throws the error otherwise, such as EIO
 */
export function ignoreUnsupportedSync(error: unknown): void {
  const { code = '' } = toError(error) as NodeJS.ErrnoException;
  if (!UNSUPPORTED.has(code)) throw error;
}

/** Makes the names of a folder durable, where possible. Windows cannot open folders, and needs no sync of them. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  let folder: number | undefined;
  try {
    folder = openSync(path, 'r');
    fsyncSync(folder);
  } catch (error) {
    ignoreUnsupportedSync(error);
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
