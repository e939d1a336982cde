import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pMap from 'p-map';
import t, { type Test } from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess, withoutSettings } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(240_000);

const PROCESSOR = new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url).pathname;
const MAIN = new URL('../../src/main.js', import.meta.url).pathname;
const DEAD_LETTERS = 1_000;

interface Counts {
  matched: number;
  replayed: number;
  skipped: number;
}

/** A service with 1000 dead letters, and a function that repairs its processor. */
async function serviceWithDeadLetters(t: Test) {
  const { merchantId, mend } = await mendableFault(t, 'broken');
  const environment = { DATA_DIR: await temporaryFolder(t), PROCESSOR, DEAD_LETTER_FLOOD_PERCENT: '100' };
  const start = async () => {
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    return { service, client: new OrderClient(service.url) };
  };
  const first = await start();
  const ids = await pMap(
    Array.from({ length: DEAD_LETTERS }),
    async () => (await first.client.place(anOrder({ merchantId, customerId: 'c-dead-letters' }))).body.id,
    { concurrency: 32 },
  );
  await eventually(async () => (await countDeadLetters(first.client, 'open')) === DEAD_LETTERS, {
    what: 'all to be dead letters',
    timeoutMs: 60_000,
  });
  return { ...first, ids, start, mend };
}

async function countDeadLetters(client: OrderClient, state: string): Promise<number> {
  const { body } = await client.get<{ reasons: Record<string, number> }>(
    `/v1/dead-letters?limit=1&state=${state}`,
  );
  return Object.values(body.reasons).reduce((sum, count) => sum + count, 0);
}

async function replay(client: OrderClient, body: Record<string, unknown> = {}): Promise<Counts> {
  const request = { filter: { reason: 'processor-failed' }, ratePerSecond: 5_000, ...body };
  return (await client.post<Counts>('/v1/dead-letters/replay', request)).body;
}

/** Every order failed and was then confirmed, once. */
async function eachConfirmedOnce(t: Test, client: OrderClient, ids: string[]): Promise<void> {
  const isDone = async () => {
    const orders = await allOrders(client, 'c-dead-letters');
    return orders.length === DEAD_LETTERS && orders.every(({ status }) => status === 'confirmed');
  };
  await eventually(isDone, { what: 'every order to be confirmed', timeoutMs: 60_000 });
  const histories = await pMap(ids, async (id) => (await client.history(id)).body.data, { concurrency: 32 });
  const others = histories.filter(
    (history) => history.map(({ status }) => status).join() !== 'failed,confirmed',
  );
  t.same(others, [], 'each order failed once and was confirmed once');
  await eventually(async () => (await countDeadLetters(client, 'resolved')) === DEAD_LETTERS, {
    what: 'all to be resolved',
  });
}

await t.test('1000 dead letters are replayed: a dry run, a run, and a repeat', async (t) => {
  const { client, ids, mend } = await serviceWithDeadLetters(t);
  t.same(await replay(client, { dryRun: true }), { matched: DEAD_LETTERS, replayed: 0, skipped: 0 });
  t.equal(await countDeadLetters(client, 'open'), DEAD_LETTERS, 'a dry run changes nothing');
  await mend();
  t.same(await replay(client), { matched: DEAD_LETTERS, replayed: DEAD_LETTERS, skipped: 0 });
  t.same(await replay(client), { matched: 0, replayed: 0, skipped: 0 }, 'nothing is sent twice');
  await eachConfirmedOnce(t, client, ids);
  t.same(await replay(client), { matched: 0, replayed: 0, skipped: 0 }, 'nothing is left to replay');
});

await t.test('a replay survives kill -9 of the service, and of the command that requested it', async (t) => {
  const { client, service, ids, start, mend } = await serviceWithDeadLetters(t);
  await mend();
  const begun = replay(client, { ratePerSecond: 50 }).catch((error: unknown) => error);
  await eventually(async () => (await countDeadLetters(client, 'open')) < DEAD_LETTERS - 20, {
    what: 'part of the replay',
  });
  await service.kill();
  t.ok((await begun) instanceof Error, 'there was no response');

  const second = await start();
  const left = await countDeadLetters(second.client, 'open');
  t.ok(left > 0 && left < DEAD_LETTERS, `${left} dead letters were left`);
  const environment = { ...withoutSettings(process.env), PORT: new URL(second.service.url).port };
  const command = spawn(process.execPath, [MAIN, 'dead-letters', 'replay', '--rate', '50'], {
    env: environment,
  });
  await eventually(async () => (await countDeadLetters(second.client, 'open')) < left - 20, {
    what: 'the command to replay some',
  });
  command.kill('SIGKILL');
  await once(command, 'exit');
  await replay(second.client);
  await replay(second.client, { filter: { state: 'replaying' } });
  await eachConfirmedOnce(t, second.client, ids);
});
