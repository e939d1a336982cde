import { readFileSync } from 'node:fs';
import { toError } from '../base/errors.ts';
import { isOpenToOthers, modeText } from '../base/private-file.ts';

/**
 * Why a file of a secret must not be used; undefined if it may. Its group may read it: volumes of Kubernetes give files to a group.
 * The file exists.
 */
export function exposedProblem(path: string): string | undefined {
  if (!isOpenToOthers(path)) return undefined;
  return (
    `is open to every user of the machine (mode ${modeText(path)}): run chmod 600, or chmod 640 if its group needs it; ` +
    'in a Kubernetes volume set defaultMode: 0440'
  );
}

/** The secret in a file without the line break at its end. @returns why it cannot be used, if so */
export function readSecret(path: string): { secret: string } | { problem: string } {
  try {
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return secret === '' ? { problem: 'is empty: write the secret into it' } : { secret };
  } catch (error) {
    return { problem: `cannot be read (${toError(error).message}): check its permissions` };
  }
}
