/**
 * The postinstall script: after `npm ci` or `npm install` it compiles what has no prebuilt binary, on all cores.
 *
 * - node-rdkafka, if it is installed; it is optional. npm's own script would compile librdkafka on one core, and
 *   `JOBS=max` breaks it, because its makefile does not wait for librdkafka's configure. So package.json denies that
 *   script (allowScripts), and an npm that is too old to know this setting leaves nothing to do here.
 * - better-sqlite3 12, on Node 20 only. Version 13 needs Node 22 and brings its binaries. A package.json cannot depend on
 *   one or the other by the version of Node, so version 12 is installed from a package.json of its own.
 */
import { execFile } from 'node:child_process';
import console from 'node:console';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [node] = process.versions.node.split('.').map(Number);

await Promise.all([compileRdkafka(), node < 22 ? installSqliteForNode20() : undefined]);

async function compileRdkafka() {
  const folder = join(root, 'node_modules/node-rdkafka');
  if (!existsSync(folder) || existsSync(join(folder, 'build/Release/node-librdkafka.node'))) return;
  console.log('Compiling node-rdkafka for Kafka. `npm ci --omit=optional` does without.');
  try {
    if (process.platform !== 'win32') {
      const deps = join(folder, 'deps');
      await run('node', ['../util/configure'], deps);
      await run('make', ['-C', 'librdkafka', `-j${availableParallelism()}`, 'libs'], deps);
    }
    await run('node-gyp', ['rebuild'], folder);
  } catch (error) {
    console.error(`${lastLines(error)}
node-rdkafka could not be compiled, so EVENT_LOG=kafka will not start; the embedded event log works. Compiling takes g++,
make, Python 3 and the headers of OpenSSL and zlib. Install them and run \`npm install --include=optional\` again.`);
  }
}

async function installSqliteForNode20() {
  const folder = join(root, 'tools/install/node-20');
  if (isInstalled(folder)) return;
  console.log('Installing better-sqlite3 12, because version 13 needs Node 22 or later.');
  try {
    await run('npm', ['ci', '--prefix', folder], folder);
  } catch (error) {
    console.error(`${lastLines(error)}
better-sqlite3 12 could not be installed. Use Node 22 or later, which needs no compiler, or install g++, make and Python 3.`);
    process.exitCode = 1;
  }
}

/** Whether the wanted version is there and fits this Node. */
function isInstalled(folder) {
  const load = createRequire(join(folder, 'package.json'));
  try {
    const { version } = load('./node_modules/better-sqlite3/package.json');
    if (version !== load('./package.json').dependencies['better-sqlite3']) return false;
    const Database = load('./node_modules/better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

/** @throws the error of execFile when the command fails, with its output */
function run(command, args, cwd) {
  const options = {
    cwd,
    // librdkafka generates its documentation with one of its examples; compiling the others only takes time.
    env: { ...process.env, JOBS: 'max', EXAMPLES: 'rdkafka_performance' },
    maxBuffer: 2 ** 28,
    shell: process.platform === 'win32',
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { output: stdout + stderr }));
      else resolve();
    });
  });
}

function lastLines({ message, output }) {
  return (output || message).trimEnd().split('\n').slice(-20).join('\n');
}
