import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

/** `slow-<ms>` as the merchant makes a call take that long. */
const PROCESSOR = new URL('../../../test/fixtures/unsteady-processor.mjs', import.meta.url).pathname;

async function starter(t: Test, settings: Record<string, string> = {}) {
  const environment = { DATA_DIR: await temporaryFolder(t), PROCESSOR, WORKER_THREADS: '1', ...settings };
  return async () => {
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    return { service, client: new OrderClient(service.url) };
  };
}

const statusesOf = async (client: OrderClient, id: string) =>
  (await client.history(id)).body.data.map(({ status }) => status);

const detachedCalls = async (client: OrderClient) =>
  Number(/^orders_processor_calls_detached (\d+)/m.exec((await client.get<string>('/metrics')).body)?.[1]);

const place = async (client: OrderClient, merchantId?: string) =>
  (await client.place(anOrder(merchantId === undefined ? {} : { merchantId }))).body.id;

await t.test('an order whose call takes six seconds does not hold up fifty others', async (t) => {
  const { client, service } = await (await starter(t))();
  const slow = await place(client, 'slow-6000');
  const startedAt = performance.now();
  const others = await Promise.all(
    Array.from({ length: 50 }, () => client.place(anOrder(), { prefer: 'wait=25' })),
  );
  const tookMs = performance.now() - startedAt;
  t.same(new Set(others.map(({ body }) => body.status)), new Set(['confirmed']));
  t.ok(tookMs < 5_000, `they took ${tookMs} ms`);
  t.match((await client.order(slow)).body, { status: 'accepted' });
  t.equal(await detachedCalls(client), 1);
  t.equal((await client.transition(slow, 'cancelled')).status, 202);
  await eventually(async () => (await statusesOf(client, slow)).length === 2, {
    what: 'the slow order to be decided',
  });
  t.same(await statusesOf(client, slow), ['confirmed', 'cancelled'], 'the cancellation waited behind it');
  t.equal(await detachedCalls(client), 0);
  t.same(await service.stop(), { code: 0, signal: null });
});

await t.test('after a crash, orders whose calls were lost do not wait for the timeout', async (t) => {
  const start = await starter(t);
  const first = await start();
  const slow = await place(first.client, 'slow-1000');
  await eventually(async () => (await detachedCalls(first.client)) === 1, {
    what: 'the call to leave its batch',
  });
  await first.service.kill();
  const second = await start();
  await eventually(async () => (await statusesOf(second.client, slow)).length === 1, {
    what: 'the order to be processed again',
    timeoutMs: 20_000,
  });
  t.same(await statusesOf(second.client, slow), ['confirmed']);
});

await t.test(
  'a slow call does not delay a clean stop, and its order is processed after the next start',
  async (t) => {
    const start = await starter(t);
    const first = await start();
    const slow = await place(first.client, 'slow-5000');
    await eventually(async () => (await detachedCalls(first.client)) === 1, {
      what: 'the call to leave its batch',
    });
    t.same(await first.service.stop(), { code: 0, signal: null });
    const second = await start();
    await eventually(async () => (await statusesOf(second.client, slow)).length === 1, {
      what: 'the order to be processed again',
      timeoutMs: 20_000,
    });
  },
);
