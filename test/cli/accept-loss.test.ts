import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const PROCESSOR = new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url).pathname;

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

/** Reads changes of orders until there are enough, or only where the stream is. */
async function follow(url: string, resumeToken = '', count = 0) {
  const reader = new EventSourceReader(resumeToken);
  const events: string[] = [];
  const done = reader.read(`${url}/v1/order-events`, ({ event, data }) => {
    if (event === 'change') events.push(`${data.orderId} ${data.status}`);
  });
  await eventually(() => events.length >= count && reader.lastEventId !== '', { what: `${count} changes` });
  reader.cut();
  await done;
  return { events, resumeToken: reader.lastEventId };
}

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
    /^embedded:orders\.commands\/0: the store was filled from another event log, up to offset 1, and this log ends at offset 0\. What only the other log had after offset 1 is lost\. Processing goes on at offset 1\.$/m;
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

/** A service whose processor fails the orders of one merchant for good. */
async function brokenService(t: Test, folder: string, merchantId: string) {
  const service = await ServiceProcess.start('all', {
    ...{ DATA_DIR: folder, KAFKA_PARTITIONS: '1', PROCESSOR, DEAD_LETTER_FLOOD_PERCENT: '100' },
  });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  return {
    client,
    url: service.url,
    stop: () => service.stop(),
    fail: async () => {
      const { body } = await client.place(anOrder({ merchantId }), { prefer: 'wait=20' });
      t.equal(body.status, 'failed');
      return body.id;
    },
    letters: async () => {
      const { body } = await client.get<{ data: { orderId: string; topic: string; offset: number }[] }>(
        '/v1/dead-letters?limit=100',
      );
      return body.data.map(({ orderId, topic, offset }) => ({ orderId, topic, offset })).reverse();
    },
  };
}

await t.test('with an older log, the log goes on at the offset where the store is', async (t) => {
  const [folder, older] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { merchantId } = await mendableFault(t, 'broken');
  const first = await serve(t, folder);
  for (const name of await readdir(folder)) await cp(join(folder, name), join(older, name));
  const before = await brokenService(t, folder, merchantId);
  const lost = await before.fail();
  const { resumeToken } = await follow(before.url);
  await before.stop();
  await remove('log.db', folder);
  await cp(join(older, 'log.db'), join(folder, 'log.db'));
  t.match(await acceptLoss(folder), {
    code: 0,
    stdout:
      /before offset 2 were processed, but the log ends at offset 1\. The log misses 1 of the processed records.* goes on at offset 2\./,
  });
  t.match(
    await acceptLoss(folder),
    { code: 0, stdout: /nothing is missing/ },
    'also after a crash in between',
  );

  const service = await brokenService(t, folder, merchantId);
  const failed = await service.fail();
  t.same(await service.letters(), [
    { orderId: lost, topic: 'orders.commands', offset: 1 },
    { orderId: failed, topic: 'orders.commands', offset: 2 },
  ]);
  t.equal((await service.client.order(lost)).body.status, 'failed', 'the store keeps what only it has');
  const repeated = await service.client.place(anOrder(), { prefer: 'wait=20' });
  t.equal(repeated.body.status, 'confirmed', 'new orders are processed');
  t.equal((await service.client.order(first)).body.status, 'confirmed');
  const { events } = await follow(service.url, resumeToken, 2);
  t.same(
    events,
    [`${failed} failed`, `${repeated.body.id} confirmed`],
    'a watcher from before is told everything',
  );
  await service.stop();
});

await t.test('with another log that has records, these fail at offsets that other records had', async (t) => {
  const [folder, other] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { merchantId } = await mendableFault(t, 'broken');
  const failed: string[] = [];
  for (const [place, times] of [
    [folder, 2],
    [other, 1],
  ] as const) {
    const service = await brokenService(t, place, merchantId);
    for (let time = 0; time < times; time += 1) failed.push(await service.fail());
    await service.stop();
  }
  await remove('log.db', folder);
  await cp(join(other, 'log.db'), join(folder, 'log.db'));
  t.match(await acceptLoss(folder), {
    code: 0,
    stdout: /this log has offsets 0 to 0\..* goes on at offset 0\./,
  });

  const service = await brokenService(t, folder, merchantId);
  failed.push(await service.fail());
  t.same(await service.letters(), [
    { orderId: failed[0], topic: 'orders.commands@1', offset: 0 },
    { orderId: failed[1], topic: 'orders.commands@2', offset: 1 },
    { orderId: failed[2], topic: 'orders.commands', offset: 0 },
    { orderId: failed[3], topic: 'orders.commands', offset: 1 },
  ]);
  const { body } = await service.client.post('/v1/dead-letters/replay', { ids: [1, 3] });
  t.match(body, { matched: 2, replayed: 2 }, 'those of the log before can be replayed as well');
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
