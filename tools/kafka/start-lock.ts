import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, LocalKafkaError } from './errors.ts';
import { processExists } from './process-identity.ts';
import { waitUntil } from '../support/wait-until.ts';

const LOCK_DEADLINE_MS = 120_000;

/** Lets one process at a time use the data folder. A lock whose holder is dead is removed. */
export async function withStartLock<T>(
  dataDirectory: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await mkdir(dataDirectory, { recursive: true });
  const lockFile = join(dataDirectory, 'start.lock');
  // A link appears with its content, so no process ever reads a lock without a holder.
  const ticket = `${lockFile}.${randomUUID()}`;
  await writeFile(ticket, String(process.pid));
  try {
    const locked = await waitUntil(() => tryLock(lockFile, ticket), { deadlineMs: LOCK_DEADLINE_MS, signal });
    if (!locked) {
      throw new LocalKafkaError(
        `Another process holds ${lockFile}. Remove the file if that process is gone.`,
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

/** Renames the lock first; if another process has replaced it in the meantime, its lock is restored. */
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
