import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../../src/base/make-folder.ts';

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;
const OTHERS = 0o077;

/**
 * Creates a folder, or checks one that exists: no other user but root may be able to change what is in it, or to put another
 * folder in its place.
 * @returns its path without symbolic links @throws Error that says whom or what to change
 */
export function safeFolder(path: string): string {
  makeFolder(path);
  const folder = realpathSync(path);
  const trusted = trustedOwners();
  const problem = problemOf(folder, lstatSync(folder), trusted, 0);
  if (problem !== undefined) throw new Error(problem);
  for (let parent = dirname(folder); ; parent = dirname(parent)) {
    // In a folder such as /tmp, users can only replace what is theirs.
    const problem = problemOf(parent, lstatSync(parent), trusted, STICKY);
    if (problem !== undefined) throw new Error(problem);
    if (parent === dirname(parent)) return folder;
  }
}

/** True if only this user may enter the folder; false also if it is none. */
export function isPrivateFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === currentUser() && (stats.mode & OTHERS) === 0;
}

function problemOf(
  path: string,
  stats: Stats,
  trusted: ReadonlySet<number>,
  harmless: number,
): string | undefined {
  if (!stats.isDirectory()) return `${path} is not a folder`;
  if (!trusted.has(stats.uid)) return `${path} belongs to the user ${stats.uid}`;
  const isOpen = (stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & harmless) === 0;
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  return isOpen ? `other users may write to ${path} (mode ${mode})` : undefined;
}

/** The owner of / is root, but has another number in a user namespace. */
function trustedOwners(): ReadonlySet<number> {
  return new Set([0, currentUser(), lstatSync('/').uid]);
}

function currentUser(): number {
  return process.geteuid?.() ?? 0;
}
