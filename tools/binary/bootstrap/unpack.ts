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

/**
 * Unpacks the files into a private folder, named after their content, or finds them there. Every file is compared with the
 * executable at every start, because native code and modules are loaded from there. A folder that differs is replaced.
 * @param parent folder of all versions; created if missing
 * @returns the folder with the files @throws Error that completes "The executable cannot unpack its files: …"
 */
export function unpack(contents: Contents, parent: string): string {
  const safeParent = safeFolder(parent);
  const folder = join(safeParent, contents.id);
  if (isIntact(folder, contents)) return folder;
  const temporary = mkdtempSync(join(safeParent, `.${contents.id}-`));
  try {
    write(contents, temporary);
    replace(folder, temporary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  if (isIntact(folder, contents)) return folder;
  throw new Error(`another process changes ${folder}`);
}

function write({ paths, read }: Contents, folder: string): void {
  for (const path of paths) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, read(path), { mode: 0o600, flag: 'wx' });
  }
}

/** Another process may do the same at the same time, with the same content. */
function replace(folder: string, by: string): void {
  const damaged = `${by}-damaged`;
  try {
    renameSync(folder, damaged);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  try {
    renameSync(by, folder);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(damaged, { recursive: true, force: true });
  }
}

function isIntact(folder: string, { paths, read }: Contents): boolean {
  if (!isPrivateFolder(folder)) return false;
  const found = filesIn(folder);
  if (found?.length !== paths.length) return false;
  const expected = new Set(paths);
  return found.every((path) => expected.has(path) && isSame(join(folder, path), read(path)));
}

function isSame(path: string, content: Uint8Array): boolean {
  try {
    return lstatSync(path).size === content.byteLength && readFileSync(path).equals(content);
  } catch {
    return false; // removed meanwhile: as good as damaged
  }
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

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
