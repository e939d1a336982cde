import { statSync } from 'node:fs';
import { toError } from '../base/errors.ts';

/** What keeps a path from being read as a file; undefined when nothing does. Nothing is opened. */
export function fileProblem(path: string): string | undefined {
  const found = lookAt(path);
  if (typeof found === 'string') return found;
  if (found === undefined) return 'does not exist: give the path of a file';
  return found.isDirectory() ? 'is a folder: give the path of a file' : undefined;
}

/** What keeps a path from being used as a folder, which may not exist yet. */
export function folderProblem(path: string): string | undefined {
  const found = lookAt(path);
  if (typeof found === 'string') return found;
  return found === undefined || found.isDirectory()
    ? undefined
    : 'is not a folder: give the path of a folder';
}

function lookAt(path: string): ReturnType<typeof statSync> | string {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return `cannot be looked at (${toError(error).message}): check its permissions`;
  }
}
