import { run } from './run.ts';

/**
 * Removes what only debuggers need from an executable or a library, if `strip` (binutils) is installed: a tenth of the size.
 * Not possible after the blob was added, because that moves sections.
 */
export async function strip(path: string): Promise<void> {
  try {
    await run('strip', ['--strip-unneeded', path]);
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw error;
  }
}
