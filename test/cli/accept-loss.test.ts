import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

/** Starts a service, places an order, waits until it is processed and stops the service. @returns the order's id */
async function serve(t: Test, folder: string): Promise<string> {
  const service = await ServiceProcess.start('all', { DATA_DIR: folder, KAFKA_PARTITIONS: '1' });
  t.teardown(() => service.kill());
  const { body } = await new OrderClient(service.url).place(anOrder(), { prefer: 'wait=20' });
  t.equal(body.status, 'confirmed');
  t.same(await service.stop(), { code: 0, signal: null });
  return body.id;
}

const acceptLoss = (folder: string, ...options: string[]) =>
  runProgram(['accept-loss', ...options], { env: { DATA_DIR: folder, KAFKA_PARTITIONS: '1' } });

async function remove(database: string, folder: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(join(folder, database + end), { force: true });
}

await t.test('after its log was deleted, a service starts again once the loss is accepted', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await serve(t, folder);
  t.match(await acceptLoss(folder), { code: 0, stdout: /belong together: nothing is missing/, stderr: '' });
  await remove('log.db', folder);
  await t.rejects(
    ServiceProcess.start('all', { DATA_DIR: folder, KAFKA_PARTITIONS: '1' }),
    /code 1 before it was ready.*log-mismatch.*accept-loss/s,
  );

  const missing =
    /^embedded:orders\.commands\/0: the store was filled from another event log, up to offset 1, and this log ends at offset 0\. What only the other log had after offset 1 is lost\. Processing goes on at offset 0\.$/m;
  for (let twice = 0; twice < 2; twice += 1) {
    const { code, stdout, stderr } = await acceptLoss(folder, '--dry-run');
    t.match({ code, stderr }, { code: 0, stderr: '' });
    t.match(stdout, missing);
    t.match(stdout, /Nothing was changed/);
  }
  const accepted = await acceptLoss(folder);
  t.match(accepted.stdout, missing);
  t.match(accepted.stdout, /The loss is accepted\. The service can start\./);
  t.match(await acceptLoss(folder), { code: 0, stdout: /nothing is missing/ });

  await serve(t, folder);
  const service = await ServiceProcess.start('all', { DATA_DIR: folder, KAFKA_PARTITIONS: '1' });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  t.equal((await client.order(before)).body.status, 'confirmed', 'the store keeps its orders');
  t.equal((await client.transition(before, 'cancelled')).status, 202);
  const running = await acceptLoss(folder, '--dry-run');
  t.match(running, { code: 1, stdout: '', stderr: /in use by another process\. Stop that process/ });
  await service.stop();
});

await t.test('with an older log, the store goes on at the end of the log', async (t) => {
  const [folder, older] = [await temporaryFolder(t), await temporaryFolder(t)];
  await serve(t, folder);
  for (const name of await readdir(folder)) await cp(join(folder, name), join(older, name));
  const lost = await serve(t, folder);
  await remove('log.db', folder);
  await cp(join(older, 'log.db'), join(folder, 'log.db'));
  t.match(await acceptLoss(folder), {
    code: 0,
    stdout:
      /before offset 2 were processed, but the log ends at offset 1\. The log misses 1 of the processed records.* goes on at offset 1\./,
  });
  const service = await ServiceProcess.start('all', { DATA_DIR: folder, KAFKA_PARTITIONS: '1' });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  const { body } = await client.place(anOrder(), { prefer: 'wait=20' });
  t.equal(body.status, 'confirmed', 'new orders are processed');
  t.equal((await client.order(lost)).body.status, 'confirmed', 'the store keeps what only it has');
  await service.stop();
});

await t.test('a folder without a store is not taken for a store that lost everything', async (t) => {
  const folder = await temporaryFolder(t);
  t.match(await acceptLoss(join(folder, 'wrong')), {
    code: 2,
    stderr: /There is no store .*Use the DATA_DIR/,
  });
  t.same(await readdir(folder), [], 'nothing was created');
});
