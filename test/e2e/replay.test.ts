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
const LETTERS = 1_000;

interface Counts {
  matched: number;
  replayed: number;
  skipped: number;
}

/** A service with a thousand dead letters, and what mends its processor. */
async function serviceWithLetters(t: Test) {
  const { merchantId, mend } = await mendableFault(t, 'broken');
  const environment = { DATA_DIR: await temporaryFolder(t), PROCESSOR, DEAD_LETTER_FLOOD_PERCENT: '100' };
  const start = async () => {
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    return { service, client: new OrderClient(service.url) };
  };
  const first = await start();
  const ids = await pMap(
    Array.from({ length: LETTERS }),
    async () => (await first.client.place(anOrder({ merchantId, customerId: 'c-letters' }))).body.id,
    { concurrency: 32 },
  );
  await eventually(async () => (await lettersIn(first.client, 'open')) === LETTERS, {
    what: 'all to be dead letters',
    timeoutMs: 60_000,
  });
  return { ...first, ids, start, mend };
}

async function lettersIn(client: OrderClient, state: string): Promise<number> {
  const { body } = await client.get<{ reasons: Record<string, number> }>(
    `/v1/dead-letters?limit=1&state=${state}`,
  );
  return Object.values(body.reasons).reduce((sum, count) => sum + count, 0);
}

async function replay(client: OrderClient, body: Record<string, unknown> = {}): Promise<Counts> {
  const wish = { filter: { reason: 'processor-failed' }, ratePerSecond: 5_000, ...body };
  return (await client.post<Counts>('/v1/dead-letters/replay', wish)).body;
}

/** Every order was failed, then confirmed, and nothing else. */
async function eachConfirmedOnce(t: Test, client: OrderClient, ids: string[]): Promise<void> {
  const isDone = async () => {
    const orders = await allOrders(client, 'c-letters');
    return orders.length === LETTERS && orders.every(({ status }) => status === 'confirmed');
  };
  await eventually(isDone, { what: 'every order to be confirmed', timeoutMs: 60_000 });
  const lives = await pMap(ids, async (id) => (await client.history(id)).body.data, { concurrency: 32 });
  const others = lives.filter((life) => life.map(({ status }) => status).join() !== 'failed,confirmed');
  t.same(others, [], 'each order failed once and was confirmed once');
  await eventually(async () => (await lettersIn(client, 'resolved')) === LETTERS, {
    what: 'all to be resolved',
  });
}

await t.test('1000 dead letters replayed: for a try, really, and once more', async (t) => {
  const { client, ids, mend } = await serviceWithLetters(t);
  t.same(await replay(client, { dryRun: true }), { matched: LETTERS, replayed: 0, skipped: 0 });
  t.equal(await lettersIn(client, 'open'), LETTERS, 'a dry run changes nothing');
  await mend();
  t.same(await replay(client), { matched: LETTERS, replayed: LETTERS, skipped: 0 });
  t.same(await replay(client), { matched: 0, replayed: 0, skipped: 0 }, 'nothing is sent twice');
  await eachConfirmedOnce(t, client, ids);
  t.same(await replay(client), { matched: 0, replayed: 0, skipped: 0 }, 'nothing is left to be done');
});

await t.test('kill -9 of the service in the middle of a replay, and of who asked for it', async (t) => {
  const { client, service, ids, start, mend } = await serviceWithLetters(t);
  await mend();
  const begun = replay(client, { ratePerSecond: 50 }).catch((error: unknown) => error);
  await eventually(async () => (await lettersIn(client, 'open')) < LETTERS - 20, {
    what: 'the replay to be in its middle',
  });
  await service.kill();
  t.ok((await begun) instanceof Error, 'the answer never came');

  const second = await start();
  const left = await lettersIn(second.client, 'open');
  t.ok(left > 0 && left < LETTERS, `${left} letters were left`);
  const environment = { ...withoutSettings(process.env), PORT: new URL(second.service.url).port };
  const asker = spawn(process.execPath, [MAIN, 'dead-letters', 'replay', '--rate', '50'], {
    env: environment,
  });
  await eventually(async () => (await lettersIn(second.client, 'open')) < left - 20, {
    what: 'the program to replay',
  });
  asker.kill('SIGKILL');
  await once(asker, 'exit');
  await replay(second.client);
  await replay(second.client, { filter: { state: 'replaying' } });
  await eachConfirmedOnce(t, second.client, ids);
});
