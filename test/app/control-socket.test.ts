import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ControlSocket, type ControlSocketOptions } from '../../src/app/backup/control-socket.ts';
import { askForBackup } from '../../src/app/backup/ask-service.ts';
import { createLogger } from '../../src/base/logger.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const request = { command: 'backup', folder: '/a/new/folder' } as const;

async function listen(t: Test, backUp: ControlSocketOptions['backUp'], clientTimeoutMs = 10_000) {
  const path = join(await temporaryFolder(t), 'control.sock');
  const socket = new ControlSocket({ path, backUp, clientTimeoutMs, logger: createLogger('silent') });
  await socket.start();
  t.teardown(() => socket.stop());
  return { path, socket };
}

/** A backup that lasts until it is aborted. */
function endless() {
  const seen = { running: 0, aborted: 0 };
  const backUp: ControlSocketOptions['backUp'] = (_folder, _onProgress, signal) => {
    seen.running += 1;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        seen.running -= 1;
        seen.aborted += 1;
        reject(signal.reason as Error);
      });
    });
  };
  return { seen, backUp };
}

await t.test('a command gets the progress of its backup', async (t) => {
  const { path } = await listen(t, (folder, onProgress) => {
    t.equal(folder, '/a/new/folder');
    onProgress('orders.db', 1, 2);
    onProgress('log.db', 3, 4);
    return Promise.resolve();
  });
  const progress: unknown[] = [];
  t.equal(await askForBackup(path, request, (...step) => progress.push(step)), true);
  t.same(progress, [
    ['orders.db', 1, 2],
    ['log.db', 3, 4],
  ]);
});

await t.test('a second backup is refused while one runs, which ends with its command', async (t) => {
  const { seen, backUp } = endless();
  const { path } = await listen(t, backUp);
  const first = connect(path);
  first.write(`${JSON.stringify(request)}\n`);
  await eventually(() => seen.running === 1, { what: 'the first backup' });
  await t.rejects(
    askForBackup(path, request, () => undefined),
    { code: 'backup-failed', message: /Another backup is running/ },
  );
  t.equal(seen.running, 1);
  first.destroy();
  await eventually(() => seen.aborted === 1, { what: 'the first backup to end' });
});

await t.test('a stop ends the backup in progress and removes the socket', async (t) => {
  const { seen, backUp } = endless();
  const { path, socket } = await listen(t, backUp);
  const asking = askForBackup(path, request, () => undefined);
  const refused = t.rejects(asking, { code: 'draining' });
  await eventually(() => seen.running === 1, { what: 'the backup' });
  await socket.stop();
  await refused;
  t.equal(seen.aborted, 1);
  t.equal(await askForBackup(path, request, () => undefined), false, 'no service answers');
});

await t.test('a stop does not wait for clients that neither send nor read', async (t) => {
  const { seen, backUp } = endless();
  const talkative: ControlSocketOptions['backUp'] = (folder, onProgress, signal) => {
    for (let page = 0; page < 50_000; page++) onProgress('log.db', page, 50_000);
    return backUp(folder, onProgress, signal);
  };
  const { path, socket } = await listen(t, talkative, 100);
  const suspended = connect(path);
  t.teardown(() => suspended.destroy());
  suspended.pause();
  suspended.write(`${JSON.stringify(request)}\n`);
  await eventually(() => seen.running === 1, { what: 'the backup' });
  const idle = connect(path);
  t.teardown(() => idle.destroy());
  await once(idle, 'connect');
  await socket.stop();
  t.equal(seen.aborted, 1);
});

await t.test('a client that sends no request is disconnected', async (t) => {
  const { path } = await listen(t, () => Promise.reject(new Error('must not be called')), 100);
  const idle = connect(path).resume();
  await once(idle, 'close');
});

await t.test('no other user can open the socket, from its first moment on', async (t) => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const backUp = () => Promise.resolve();
  const socket = new ControlSocket({ path, backUp, logger: createLogger('silent') });
  const starting = socket.start();
  while (!existsSync(path)) await nextTurn();
  t.equal(statSync(path).mode & 0o777, 0o600);
  await starting;
  t.equal(process.umask(0), 0, 'files of the process are created as before');
  await socket.stop();
});

await t.test('a request that is none is answered with an error', async (t) => {
  const { path } = await listen(t, () => Promise.reject(new Error('must not be called')));
  for (const line of ['{"command":"backup","folder":"relative"}', '{"command":"drop","folder":"/x"}', '[]']) {
    const socket = connect(path);
    socket.write(`${line}\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    t.match(answer.toString(), /"kind":"failed","code":"bad-request"/, line);
    socket.destroy();
  }
  const flood = connect(path);
  const closed = new Promise((resolve) => flood.on('error', () => undefined).on('close', resolve));
  flood.write(Buffer.alloc(200_000, 'x'));
  await closed;
});

await t.test('a socket that a crash has left behind is replaced', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'control.sock');
  await writeFile(path, '');
  const socket = new ControlSocket({
    path,
    backUp: () => Promise.resolve(),
    logger: createLogger('silent'),
  });
  await socket.start();
  t.equal(await askForBackup(path, request, () => undefined), true);
  await socket.stop();
  t.same(await readdir(folder), []);
});

await t.test('a service runs without the socket where there cannot be one', async () => {
  const { backUp } = endless();
  const path = join('/proc', 'control.sock');
  const socket = new ControlSocket({ path, backUp, logger: createLogger('silent') });
  await socket.start();
  await socket.stop();
});
