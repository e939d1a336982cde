import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

const PRIVATE = 0o600;

/** Of the permission bits, those of users who neither own the file nor are in its group. */
const OTHERS = 0o007;
const GROUP_AND_OTHERS = 0o077;

/**
 * Creates a file that only this user can read, before SQLite would create it for everyone; SQLite gives its -wal and -shm files the
 * same permissions. Does nothing if the file exists. If it cannot be created, SQLite says why.
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE));
  } catch {
    // It exists, or SQLite cannot create it either.
  }
}

/** Takes a file's permissions from all other users; does nothing if they have none. @throws the error of the file system */
export function makePrivate(path: string): void {
  if ((modeOf(path) & GROUP_AND_OTHERS) !== 0) chmodSync(path, PRIVATE);
}

/** True if every user of the machine has some permission. On Windows permissions are not in the mode: always false. */
export function isOpenToOthers(path: string): boolean {
  return (modeOf(path) & OTHERS) !== 0;
}

/** For messages, such as `0644`. */
export function modeText(path: string): string {
  return modeOf(path).toString(8).padStart(4, '0');
}

function modeOf(path: string): number {
  return process.platform === 'win32' ? 0 : statSync(path).mode & 0o777;
}
