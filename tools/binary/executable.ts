import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { run } from './run.ts';
import type { Staged } from './stage.ts';
import { strip } from './strip.ts';

/** Node looks for the resource behind this text of its own executable. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const RESOURCE = 'NODE_SEA_BLOB';

/** Joins this Node and what was staged to one file. @param target replaced when the new file is complete */
export async function makeExecutable({ configuration, blob }: Staged, target: string): Promise<void> {
  const partial = `${target}.partial`;
  await mkdir(dirname(target), { recursive: true });
  try {
    await run(process.execPath, ['--experimental-sea-config', configuration]);
    await copyFile(process.execPath, partial);
    await chmod(partial, 0o755);
    await strip(partial);
    await run(process.execPath, [postject(), partial, RESOURCE, blob, '--sentinel-fuse', FUSE]);
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

function postject(): string {
  const manifest = createRequire(import.meta.url).resolve('postject/package.json');
  return join(dirname(manifest), 'dist/cli.js');
}
