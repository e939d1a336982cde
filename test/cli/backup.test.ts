import { existsSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { Program, runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

async function start(t: Test, dataDir: string, settings: Record<string, string> = {}) {
  const service = await ServiceProcess.start('all', { DATA_DIR: dataDir, WORKER_THREADS: '1', ...settings });
  t.teardown(() => service.kill());
  return { service, client: new OrderClient(service.url) };
}

const backup = (dataDir: string, to: string, settings: Record<string, string> = {}) =>
  runProgram(['backup', to], { env: { DATA_DIR: dataDir, ...settings } });

/** Places orders, eight at a time, until it is stopped. Every order must be accepted. */
function load(client: OrderClient) {
  const accepted: string[] = [];
  const failures: unknown[] = [];
  let isStopped = false;
  const place = async () => {
    while (!isStopped) {
      const { status, body } = await client.place(anOrder());
      if (status === 202) accepted.push(body.id);
      else failures.push(body);
    }
  };
  const callers = Promise.all(
    Array.from({ length: 8 }, () => place().catch((e: unknown) => failures.push(e))),
  );
  const stop = async () => {
    isStopped = true;
    await callers;
  };
  return { accepted, failures, stop };
}

async function allConfirmed(t: Test, client: OrderClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const isConfirmed = async () => (await client.order(id)).body.status === 'confirmed';
    if (!(await isConfirmed())) await eventually(isConfirmed, { what: `${id} to be confirmed` });
  }
  t.pass(`${ids.length} orders are confirmed`);
}

await t.test('a backup under load has every order that was acknowledged before it', async (t) => {
  const [dataDir, folder] = [await temporaryFolder(t), await temporaryFolder(t)];
  // With this retention, every processed record would be deleted before the log is copied.
  const { service, client } = await start(t, dataDir, { LOG_RETENTION_MS: '0' });
  t.equal((await stat(join(dataDir, 'control.sock'))).mode & 0o777, 0o600);
  const { accepted, failures, stop } = load(client);
  await eventually(() => accepted.length >= 300, { what: '300 orders' });
  const before = [...accepted];
  const outcomes = await Promise.all([1, 2, 3].map((number) => backup(dataDir, join(folder, `${number}`))));
  t.ok(accepted.length > before.length, 'orders were accepted meanwhile');
  const complete = outcomes.findIndex(({ code }) => code === 0) + 1;
  t.ok(complete > 0, outcomes[0]?.stderr ?? '');
  for (const name of ['', 'log.db', 'orders.db']) {
    const { mode } = await stat(join(folder, String(complete), name));
    t.equal(mode & 0o077, 0, `${name} is private`);
  }
  for (const { code, stdout, stderr } of outcomes) {
    if (code === 0)
      t.match({ stdout, stderr }, { stdout: /complete: .*orders\.db .* MB, log\.db/, stderr: '' });
    else t.match({ code, stderr }, { code: 1, stderr: /Another backup is running/ });
  }
  await stop();
  t.same(failures, []);
  await service.stop();

  const restored = await start(t, join(folder, `${complete}`), { LOG_RETENTION_MS: '0' });
  await allConfirmed(t, restored.client, before);
  const { body } = await restored.client.place(anOrder(), { prefer: 'wait=20' });
  t.equal(body.status, 'confirmed', 'new orders work');
  t.same(await restored.service.stop(), { code: 0, signal: null });
});

await t.test('a backup of a stopped service has everything', async (t) => {
  const [dataDir, folder] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { service, client } = await start(t, dataDir);
  const { body } = await client.place(anOrder(), { prefer: 'wait=20' });
  await service.kill();
  const to = join(folder, 'deep', 'copy');
  const outcome = await backup(dataDir, to);
  t.match(outcome, { code: 0, stderr: '' });
  t.same((await readdir(to)).sort(), ['log.db', 'orders.db']);
  t.equal((await stat(to)).mode & 0o777, 0o700);
  const restored = await start(t, to);
  t.equal((await restored.client.order(body.id)).body.status, 'confirmed');
  t.same(await restored.service.stop(), { code: 0, signal: null });

  t.match(await backup(dataDir, to), {
    code: 2,
    stderr: /copy exists already\. A backup needs a new folder/,
  });
  t.match(await backup(join(folder, 'wrong'), join(folder, 'x')), {
    code: 2,
    stderr: /There is no .*orders\.db/,
  });
  const kafka = { KAFKA_BROKERS: '127.0.0.1:1' };
  t.match(await backup(dataDir, join(folder, 'x'), kafka), { code: 2, stderr: /settings name Kafka/ });
  const postgres = { DATABASE_URL: 'postgres://orders:secret@127.0.0.1:1/orders' };
  t.match(await backup(dataDir, join(folder, 'x'), postgres), { code: 2, stderr: /pg_dump/ });
  t.notOk(existsSync(join(folder, 'x')));
});

await t.test('a backup that cannot be written leaves nothing behind', async (t) => {
  const [dataDir, folder] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { service } = await start(t, dataDir);
  t.match(await backup(dataDir, '/proc/not-here/copy'), { code: 1, stderr: /The backup to .* failed/ });
  await mkdir(join(folder, 'copy.partial'));
  t.match(await backup(dataDir, join(folder, 'copy')), { code: 2, stderr: /copy\.partial exists already/ });
  t.same(await readdir(folder), ['copy.partial']);
  await service.stop();
  t.notOk(existsSync(join(dataDir, 'control.sock')), 'a clean stop removes the socket');
});

await t.test('the command fails when the service goes away', async (t) => {
  const dataDir = await temporaryFolder(t);
  const { service } = await start(t, dataDir);
  await service.stop();
  const server = createServer((socket) =>
    socket.once('data', () => socket.end('{"kind":"progress","file":"log.db"')),
  );
  server.listen(join(dataDir, 'control.sock'));
  t.teardown(() => server.close());
  const program = new Program(['backup', join(dataDir, 'copy')], { env: { DATA_DIR: dataDir } });
  t.match(await program.outcome(), {
    code: 1,
    stderr: 'The service ended before the backup was complete.\n',
  });
});
