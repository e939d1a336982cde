import { statSync } from 'node:fs';
import { toError } from '../base/errors.ts';
import type { SettingName, Settings } from './settings.ts';

/** A condition that the schema of one setting cannot express. The error names the first setting in `about`. */
export interface Rule {
  about: readonly [SettingName, ...SettingName[]];
  /** what is wrong and what to do; undefined when nothing is */
  problem(settings: Settings): string | undefined;
}

export function when(condition: boolean, problem: string): string | undefined {
  return condition ? problem : undefined;
}

export function ifGiven(value: string, check: (value: string) => string | undefined): string | undefined {
  return value === '' ? undefined : check(value);
}

/** Why a path cannot be read as a file; undefined if it can. Opens nothing. */
export function fileProblem(path: string): string | undefined {
  const found = statOf(path);
  if (typeof found === 'string') return found;
  if (found === undefined) return 'does not exist: give the path of a file';
  return found.isDirectory() ? 'is a folder: give the path of a file' : undefined;
}

export function statOf(path: string): ReturnType<typeof statSync> | string {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return `cannot be read (${toError(error).message}): check its permissions`;
  }
}
