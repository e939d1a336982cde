import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Contents } from './contents.ts';
import { isPrivateFolder, safeFolder } from './safe-folder.ts';

/** Of processes that start at the same time, one may move away what another has just unpacked. */
const ATTEMPTS = 3;

/**
 * Unpacks the files into a private folder, named after their content, or finds them there. Every file is compared with the
 * executable at every start, because native code and modules are loaded from there. A folder that differs is replaced.
 * @param parent folder of all versions; created if missing
 * @returns the folder with the files @throws Error that completes "The executable cannot unpack its files: …"
 */
export function unpack(contents: Contents, parent: string): string {
  const folder = join(safeFolder(parent), contents.id);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (isIntact(folder, contents)) return folder;
    replace(folder, contents);
  }
  if (isIntact(folder, contents)) return folder;
  throw new Error(`another process changes ${folder}`);
}

/** Other processes may do the same at the same time. */
function replace(folder: string, contents: Contents): void {
  const temporary = mkdtempSync(join(dirname(folder), `.${contents.id}-`));
  const damaged = `${temporary}-damaged`;
  try {
    write(contents, temporary);
    if (isIntact(folder, contents)) return;
    ignoring('ENOENT', () => renameSync(folder, damaged));
    ignoring('ENOTEMPTY', () => renameSync(temporary, folder));
  } finally {
    for (const path of [temporary, damaged]) rmSync(path, { recursive: true, force: true });
  }
}

function write({ paths, read }: Contents, folder: string): void {
  for (const path of paths) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, read(path), { mode: 0o600, flag: 'wx' });
  }
}

function isIntact(folder: string, { paths, read }: Contents): boolean {
  if (!isPrivateFolder(folder)) return false;
  const expected = new Set(paths);
  try {
    const found = filesIn(folder);
    return (
      found?.length === paths.length &&
      found.every((path) => expected.has(path) && isSame(join(folder, path), read(path)))
    );
  } catch {
    return false; // another process replaces it, or it cannot be read: as good as damaged
  }
}

function isSame(path: string, content: Uint8Array): boolean {
  return lstatSync(path).size === content.byteLength && readFileSync(path).equals(content);
}

/** @returns undefined if there is anything but files and folders */
function filesIn(folder: string, prefix = ''): string[] | undefined {
  const files: string[] = [];
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`;
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory()) {
      const below = filesIn(folder, `${path}/`);
      if (below === undefined) return undefined;
      files.push(...below);
    } else return undefined;
  }
  return files;
}

function ignoring(code: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error;
  }
}
