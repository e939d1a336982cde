import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ServiceCommand } from '../../tools/support/service-command.ts';

/** A root folder with one executable file, the libraries that it needs, and nothing else of this machine. */
export interface Chroot {
  folder: string;
  /** paths inside, of every file */
  files: string[];
  /** starts the executable inside */
  command: ServiceCommand;
  /** runs another program inside */
  run: (program: string) => { status: number | null; stderr: string };
}

/** Users who are not root may be allowed a user namespace, in which they are. */
const ENTER: ServiceCommand =
  process.geteuid?.() === 0 ? ['chroot'] : ['unshare', '--user', '--map-root-user', 'chroot'];

/**
 * @param folder empty @param executable of this machine
 * @param unpacked folder with its unpacked files, for the libraries that its native code needs
 */
export function makeChroot(folder: string, executable: string, unpacked: string): Chroot {
  const put = (from: string, to: string) => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    copyFileSync(realpathSync(from), join(folder, to));
  };
  put(executable, '/order-system');
  chmodSync(join(folder, '/order-system'), 0o755);
  for (const library of librariesOf(executable, unpacked)) put(library, library);
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/home:/order-system\n');
  for (const name of ['home', 'data', 'tmp']) mkdirSync(join(folder, name), { mode: 0o700 });
  const command = [...ENTER, folder] as const;
  return {
    folder,
    files: readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length)),
    command: [...command, '/order-system'],
    run: (program) => {
      const [first, ...args] = [...command, program];
      const { status, stderr } = spawnSync(first, args, { encoding: 'utf8' });
      return { status, stderr };
    },
  };
}

/** What the dynamic linker would load from this machine, the linker included. @param unpacked has libraries of its own */
function librariesOf(executable: string, unpacked: string): Set<string> {
  const addons = readdirSync(unpacked, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.node$|\.so(\.\d+)*$/.test(name))
    .map((name) => join(unpacked, name));
  const found = [executable, ...addons].flatMap((file) => {
    const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
    return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, path = '']) => resolve(path));
  });
  return new Set(found.filter((path) => !path.startsWith(`${unpacked}/`)));
}
