import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess, withoutSettings } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { executable } from './executable.ts';

t.setTimeout(120_000);

await t.test('several first starts at once unpack one copy', async (t) => {
  const env = { UNPACK_DIR: join(await temporaryFolder(t), 'cache') };
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => runProgram(['--version'], { env })));
  for (const outcome of outcomes) t.match(outcome, { code: 0, stderr: '' });
  t.equal(readdirSync(env.UNPACK_DIR).length, 1);
});

await t.test('several starts at once repair a changed folder', async (t) => {
  const env = { UNPACK_DIR: join(await temporaryFolder(t), 'cache') };
  await runProgram(['--version'], { env });
  const [folder = ''] = readdirSync(env.UNPACK_DIR);
  writeFileSync(join(env.UNPACK_DIR, folder, 'start.cjs'), 'process.exit(7);');
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => runProgram(['--version'], { env })));
  for (const outcome of outcomes) t.match(outcome, { code: 0, stderr: '' });
  t.same(readdirSync(env.UNPACK_DIR), [folder]);
});

await t.test('a changed native module is not loaded', async (t) => {
  const env = { UNPACK_DIR: join(await temporaryFolder(t), 'cache') };
  await runProgram(['--version'], { env });
  const files = readdirSync(env.UNPACK_DIR, { recursive: true, encoding: 'utf8' });
  const addon = files.find((name) => name.includes('better-sqlite3') && name.endsWith('.node'));
  writeFileSync(join(env.UNPACK_DIR, addon ?? ''), 'no native code');
  const cwd = await temporaryFolder(t);
  t.match(await runProgram(['migrate'], { env, cwd }), { code: 0, stderr: '' });
});

await t.test('a cache that other users may change is refused with exit code 2', async (t) => {
  const cache = join(await temporaryFolder(t), 'cache');
  mkdirSync(cache);
  chmodSync(cache, 0o777);
  const { code, stdout, stderr } = await runProgram(['--version'], { env: { UNPACK_DIR: cache } });
  t.match({ code, stdout }, { code: 2, stdout: '' });
  t.equal(
    stderr,
    `The executable cannot unpack its files: other users may write to ${cache} (mode 0777). ` +
      'Set UNPACK_DIR to a folder that this user can write to and no other user can.\n',
  );
  t.same(readdirSync(cache), []);
});

const isRoot = process.geteuid?.() === 0;

await t.test(
  'a user without a home that can be written to is told what to set',
  { skip: !isRoot },
  async (t) => {
    const folder = await temporaryFolder(t);
    chmodSync(folder, 0o755);
    // Other users may not reach the folder of the repository.
    const program = join(folder, 'order-system');
    copyFileSync(executable(), program);
    const [uid, gid] = [12_345, 12_345];
    const run = (env: Record<string, string>) =>
      spawnSync(program, ['--version'], { env, uid, gid, encoding: 'utf8', cwd: '/' });
    const { status, stderr } = run({ HOME: join(folder, 'home') });
    t.equal(status, 2);
    t.match(
      stderr,
      /^The executable cannot unpack its files: EACCES: permission denied, .* Set UNPACK_DIR to /,
    );
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o700 });
    chownSync(own, uid, gid);
    t.match(run({ UNPACK_DIR: own }), { status: 0, stderr: '' });
  },
);

await t.test('--licenses has those of Node and of the packages', async (t) => {
  const { code, stdout, stderr } = await runProgram(['--licenses']);
  t.match({ code, stderr }, { code: 0, stderr: '' });
  for (const name of ['Node.js', 'fastify', 'node-rdkafka', 'better-sqlite3', 'pino']) {
    t.match(stdout, new RegExp(`^${name} v?\\d+\\.`, 'm'));
  }
});

await t.test('log lines on a terminal are readable', async (t) => {
  const settings = { DATA_DIR: await temporaryFolder(t), PORT: '0', GRPC_PORT: '0' };
  const terminal = spawn('script', ['-qec', `echo pid $$; exec ${executable()} serve`, '/dev/null'], {
    env: { ...withoutSettings(process.env), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => terminal.kill('SIGKILL'));
  const exited = once(terminal, 'exit');
  let output = '';
  terminal.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await eventually(() => output.includes('Ready.'), { what: 'the service to be ready', timeoutMs: 60_000 });
  t.match(stripVTControlCharacters(output), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Ready\. \{/m);
  process.kill(Number(/pid (\d+)/.exec(output)?.[1]), 'SIGTERM');
  t.same(await exited, [0, null], 'SIGTERM ends it well');
});

await t.test('the processor is a module on the disk that may import others', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file.mjs');
  writeFileSync(join(folder, 'verdict.mjs'), `export const verdict = { 'file.mjs': 'rejected' };`);
  writeFileSync(
    file,
    `import { basename } from 'node:path';
export async function process() {
  const { verdict } = await import('./verdict.mjs');
  return { status: verdict[basename(import.meta.url)], reason: 'sold out' };
}`,
  );
  const service = await ServiceProcess.start('all', { DATA_DIR: join(folder, 'data'), PROCESSOR: file });
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  t.match((await client.place(anOrder(), { prefer: 'wait=20' })).body, { status: 'rejected' });
});

await t.test('a syntax error in the processor is reported with its line', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'processor.mjs');
  writeFileSync(file, '\nexport function ( {\n');
  const start = ServiceProcess.start('all', { DATA_DIR: join(folder, 'data'), PROCESSOR: file });
  const started = await start.catch((error: unknown) => error);
  t.match(started, {
    output: `SyntaxError: Function statements require a function name (at ${file}:2)`,
  });
});

await t.test('the commands of operators work', async (t) => {
  const folder = await temporaryFolder(t);
  const env = { DATA_DIR: join(folder, 'data'), AUTH_API_KEYS: 'true' };
  t.match(await runProgram(['migrate'], { env }), { code: 0, stderr: '' });
  t.match(await runProgram(['config', '--json'], { env }), { code: 0, stderr: '' });
  const made = await runProgram(['keys', 'create', '--name', 'test', '--scope', 'dead-letters:read'], {
    env,
  });
  t.equal(made.code, 0, made.stderr);
  const service = await ServiceProcess.start('all', env);
  t.teardown(() => service.stop());
  const list = await runProgram(['dead-letters', 'list', '--url', service.url], {
    env: { ORDER_SYSTEM_TOKEN: made.stdout.trim() },
  });
  t.match(list, { code: 0, stderr: '' });
  t.match(await runProgram(['backup', join(folder, 'copy')], { env }), { code: 0 });
  await service.stop();
  t.match(await runProgram(['accept-loss', '--dry-run'], { env }), { code: 0 });
  t.ok(existsSync(join(folder, 'copy', 'log.db')));
});
