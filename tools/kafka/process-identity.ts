import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hasErrno } from './errors.ts';
import { run } from './programs.ts';

export const BROKER_CLASS = 'kafka.Kafka';

export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrno(error, 'EPERM');
  }
}

/**
 * Whether the process is the Kafka broker that was started with this server.properties. Process ids are reused, and a
 * signal must not reach another process. A zombie does not count as running.
 */
export async function isOurBroker(pid: number, propertiesFile: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 1 || !processExists(pid)) return false;
  if (!existsSync('/proc/self/cmdline')) {
    const { ok, output } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
    return ok && output.trimEnd().endsWith(` ${BROKER_CLASS} ${propertiesFile}`);
  }
  try {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const at = args.indexOf(BROKER_CLASS);
    return at > 0 && args[at + 1] === propertiesFile;
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ESRCH') || hasErrno(error, 'EACCES')) return false;
    throw error;
  }
}
