import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** UNPACK_DIR, else order-system in the user's folder for caches (XDG base directories). @throws Error if there is none */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const { UNPACK_DIR = '', XDG_CACHE_HOME = '' } = environment;
  if (UNPACK_DIR !== '') return resolve(UNPACK_DIR);
  if (isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, 'order-system');
  const home = homedir();
  if (!isAbsolute(home)) throw new Error('this user has no home folder');
  return join(home, '.cache', 'order-system');
}
