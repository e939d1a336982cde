import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the work with an empty folder that is removed afterwards. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the work with a copy of a folder that is removed afterwards. */
export function withCopy<Result>(source: string, work: (folder: string) => Promise<Result>): Promise<Result> {
  return withFolder(async (folder) => {
    await cp(source, folder, { recursive: true });
    return work(folder);
  });
}
