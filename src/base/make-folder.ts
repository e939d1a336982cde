import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

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
    mkdirSync(path);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!existsSync(path)) throw error;
  }
  syncFolder(parent);
}

/** Makes the names of a folder durable. Windows cannot open folders, and needs no sync of them. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
