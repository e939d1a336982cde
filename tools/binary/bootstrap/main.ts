import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { getAsset, getRawAsset } from 'node:sea';
import { constants, runInThisContext } from 'node:vm';
import { cacheFolder } from './cache-folder.ts';
import type { Contents } from './contents.ts';
import { INDEX, LICENSES, START } from './names.ts';
import { unpack } from './unpack.ts';

/**
 * The first code of the executable. Node can load modules, threads and native code only from files, so it unpacks them once and
 * then runs the service from there.
 */
const EXIT_SETTINGS = 2;

// node:cluster starts a process with the path of the program as its first argument.
if (process.argv[2] === process.execPath) process.argv.splice(2, 1);

const [first, second, script] = process.argv.slice(2);
if (first === '--licenses') process.stdout.write(getAsset(LICENSES, 'utf8'));
else if (first === '--input-type=module' && second === '--eval') evaluate(script ?? '');
else start();

/** The service runs a module with its own executable, as with Node, to learn the line of a syntax error in it. */
function evaluate(script: string): void {
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  runInThisContext(`(async () => { ${script}; })()`, { importModuleDynamically });
}

function start(): void {
  let folder: string;
  try {
    folder = unpack(readContents(), cacheFolder(process.env));
  } catch (error) {
    process.stderr.write(
      `The executable cannot unpack its files: ${(error as Error).message}. ` +
        'Set UNPACK_DIR to a folder that this user can write to and no other user can.\n',
    );
    process.exitCode = EXIT_SETTINGS;
    return;
  }
  createRequire(join(folder, START))(`./${START}`);
}

function readContents(): Contents {
  const { id, paths } = JSON.parse(getAsset(INDEX, 'utf8')) as Pick<Contents, 'id' | 'paths'>;
  return { id, paths, read: (path) => new Uint8Array(getRawAsset(path) as ArrayBuffer) };
}
