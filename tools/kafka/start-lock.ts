import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { processExists } from './process-identity.ts';
import { waitUntil } from './wait.ts';

const LOCK_DEADLINE_MS = 120_000;

/** Lets one process at a time work on the data folder; a lock whose holder is dead does not count. */
export async function withStartLock<T>(
  dataDirectory: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await mkdir(dataDirectory, { recursive: true });
  const lockFile = join(dataDirectory, 'start.lock');
  // A link appears together with its content, so nobody ever reads a lock without its holder.
  const ticket = `${lockFile}.${randomUUID()}`;
  await writeFile(ticket, String(process.pid));
  try {
    const locked = await waitUntil(() => tryLock(lockFile, ticket), { deadlineMs: LOCK_DEADLINE_MS, signal });
    if (!locked) {
      throw new LocalKafkaError(
        'start-locked',
        `Another start holds ${lockFile}; remove it if that start is gone`,
      );
    }
    try {
      return await work();
    } finally {
      await rm(lockFile, { force: true });
    }
  } finally {
    await rm(ticket, { force: true });
  }
}

async function tryLock(lockFile: string, ticket: string): Promise<boolean> {
  try {
    await link(ticket, lockFile);
    return true;
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  const holder = await holderOf(lockFile);
  if (holder !== undefined && !processExists(holder)) await removeStale(lockFile, holder);
  return false;
}

/** Moves the lock aside first: had somebody else replaced it in the meantime, theirs goes back. */
async function removeStale(lockFile: string, deadHolder: number): Promise<void> {
  const aside = `${lockFile}.${randomUUID()}`;
  try {
    await rename(lockFile, aside);
    if ((await holderOf(aside)) !== deadHolder) await link(aside, lockFile);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') && !hasErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function holderOf(lockFile: string): Promise<number | undefined> {
  try {
    return Number(await readFile(lockFile, 'utf8'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
