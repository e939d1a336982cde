import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { createLogger } from '../../src/base/logger.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const fixture = (name: string) => new URL(`../../../test/fixtures/${name}`, import.meta.url).pathname;
const UNSTEADY = fixture('unsteady-processor.mjs');
const MENDABLE = fixture('mendable-processor.mjs');

/** Retries never run out. */
const ENDLESS = { RETRY_BASE_MS: '100', RETRY_CAP_MS: '500', RETRY_MAX_ATTEMPTS: '100000' };

async function starter(t: Test, PROCESSOR: string, settings: Record<string, string> = {}) {
  const environment = { DATA_DIR: await temporaryFolder(t), PROCESSOR, ...ENDLESS, ...settings };
  return async () => {
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    return { service, client: new OrderClient(service.url) };
  };
}

const statusesOf = async (client: OrderClient, id: string) =>
  (await client.history(id)).body.data.map(({ status }) => status);

/** Places an order and waits until its first attempt has failed. */
async function retryingOrder(client: OrderClient, merchantId: string): Promise<string> {
  const { body } = await client.place(anOrder({ merchantId }));
  await eventually(
    async () => /outcome="retrying"} [1-9]/.test((await client.get<string>('/metrics')).body),
    { what: 'the order to be retrying' },
  );
  return body.id;
}

await t.test('an order that is cancelled while retrying is confirmed first, then cancelled', async (t) => {
  const { merchantId, mend } = await mendableFault(t, 'away');
  const start = await starter(t, MENDABLE);
  const { service, client } = await start();
  const id = await retryingOrder(client, merchantId);
  t.match((await client.order(id)).body, { status: 'accepted', version: 0 });
  t.equal((await client.transition(id, 'cancelled')).status, 202);
  const { body: other } = await client.place(anOrder(), { prefer: 'wait=25' });
  t.equal(other.status, 'confirmed', 'other orders are processed in the meantime');
  t.match((await client.order(id)).body, { status: 'accepted' });
  await mend();
  await eventually(async () => (await statusesOf(client, id)).length === 2, {
    what: 'both events to be processed',
  });
  t.same(await statusesOf(client, id), ['confirmed', 'cancelled']);
  t.same(await service.stop(), { code: 0, signal: null });
});

await t.test('a retrying order and its queued events survive kill -9, in order', async (t) => {
  const { merchantId, mend } = await mendableFault(t, 'away');
  const start = await starter(t, MENDABLE);
  const first = await start();
  const id = await retryingOrder(first.client, merchantId);
  t.equal((await first.client.transition(id, 'preparing')).status, 202);
  await first.service.kill();
  const second = await start();
  t.match((await second.client.order(id)).body, { status: 'accepted' });
  t.equal((await second.client.transition(id, 'dispatched')).status, 202);
  await second.service.kill();
  const third = await start();
  t.match((await third.client.order(id)).body, { status: 'accepted' });
  await mend();
  await eventually(async () => (await statusesOf(third.client, id)).length === 3, {
    what: 'all events to be processed',
    timeoutMs: 60_000,
  });
  t.same(await statusesOf(third.client, id), ['confirmed', 'preparing', 'dispatched']);
});

await t.test('a repeated key returns the retrying order', async (t) => {
  const start = await starter(t, UNSTEADY);
  const first = await start();
  const order = anOrder({ merchantId: 'transient-600000' });
  const key = { 'idempotency-key': 'once' };
  const { body } = await first.client.place(order, key);
  await first.service.kill();
  const { client } = await start();
  const again = await client.place(order, key);
  t.equal(again.body.id, body.id);
  t.equal(again.headers.get('idempotent-replayed'), 'true');
  t.equal((await client.place({ ...order, customerId: 'c-other' }, key)).status, 422);
});

await t.test('a processor timeout is a transient failure', async (t) => {
  const start = await starter(t, UNSTEADY, { PROCESSOR_TIMEOUT_MS: '100', RETRY_MAX_ATTEMPTS: '2' });
  const { client } = await start();
  const { body } = await client.place(anOrder({ merchantId: 'slow-60000' }));
  await eventually(async () => (await client.order(body.id)).body.status === 'failed', {
    what: 'the order to fail',
  });
  const { body: letters } = await client.get(`/v1/dead-letters?orderId=${body.id}`);
  t.match(letters, { data: [{ reason: 'retries-exhausted', error: /PROCESSOR_TIMEOUT_MS/ }] });
});

await t.test('a hundred events may queue behind a retrying order; further requests get 429', async (t) => {
  const start = await starter(t, UNSTEADY);
  const { client } = await start();
  const id = await retryingOrder(client, 'transient-600000');
  for (let event = 1; event < 100; event += 1) await client.transition(id, 'cancelled');
  const isFull = async () => (await client.transition(id, 'cancelled')).status === 429;
  await eventually(isFull, { what: 'the queue to be full' });
  const refused = await client.transition(id, 'cancelled');
  t.match(refused.body, { code: 'rate-limited' });
  // Events that were accepted while the first ones were not stored yet are queued as well.
  const { detail = '' } = refused.body as { detail?: string };
  t.ok(Number(/(\d+) events behind it/.exec(detail)?.[1]) >= 100, detail);
  t.ok(Number(refused.headers.get('retry-after')) > 0);
});

await t.test('the service does not start while orders of another event log are retrying', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'orders.db');
  await migrate({ kind: 'sqlite', path }, createLogger('silent'));
  const database = new Database(path);
  database.exec(
    `INSERT INTO retrying_orders
       (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms)
     VALUES ('o-1', 'kafka:orders.commands', 0, 1, 1, 'away', 1, 1, 1, 0)`,
  );
  database.close();
  await t.rejects(ServiceProcess.start('all', { DATA_DIR: folder }), {
    message: /1 orders in the store wait for a retry from kafka:orders\.commands/,
  });
});
