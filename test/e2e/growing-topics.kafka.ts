import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { growAsDocumented } from '../support/documented-growth.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(180_000);

const PROCESSOR = new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url).pathname;

const ORDERS = 30;
const OLD_PARTITIONS = 2;

/** Two fetches from each old partition, so that the worker reads all of a new partition first. */
const FILLERS = 6_000;

await t.test('the events of an order keep their order when orders.commands grows', async (t) => {
  const { merchantId, mend } = await mendableFault(t, 'away');
  const environment = kafkaEnvironment(await temporaryFolder(t));
  Object.assign(environment, { KAFKA_PARTITIONS: String(OLD_PARTITIONS), PROCESSOR, RETRY_CAP_MS: '1000' });
  const start = async (role: 'api' | 'worker') => {
    const service = await ServiceProcess.start(role, environment);
    t.teardown(() => service.stop());
    return service;
  };
  const client = new OrderClient((await start('api')).url);
  const worker = await start('worker');
  const stored = await placeMany(client, {}, { prefer: 'wait=30' });
  const retrying = await placeMany(client, { merchantId });
  await eventually(async () => (await client.get<Stats>('/v1/stats')).body.retries.waiting === ORDERS, {
    what: 'the orders to be retried',
    timeoutMs: 30_000,
  });
  t.same(await worker.stop(), { code: 0, signal: null });
  await placeFillers(client);
  for (const { id } of stored) t.equal((await client.transition(id, 'preparing')).status, 202);
  const waiting = await placeMany(client);
  const keys = Array.from({ length: ORDERS }, () => randomUUID());
  const placeKeyed = (client: OrderClient) =>
    pMap(keys, (key) => placeOne(client, {}, { 'idempotency-key': key }), { concurrency: 10 });
  const keyed = await placeKeyed(client);

  t.match(await growAsDocumented(t, 'orders.commands', environment), { before: OLD_PARTITIONS });
  // It knows all partitions, but has accepted none of the orders.
  const other = new OrderClient((await start('api')).url);
  const cancel = (path: string) => other.post(transitionsOf(path), { to: 'cancelled' });
  for (const { id } of [...stored, ...retrying]) t.equal((await cancel(`/v1/orders/${id}`)).status, 202);
  for (const { location } of waiting) t.equal((await cancel(location)).status, 202);
  const repeated = await placeKeyed(other);
  await t.test('a repeat of a keyed order goes to the partition of the first request', (t) => {
    t.same(
      repeated.map(({ location }) => partitionOf(location)),
      keyed.map(({ location }) => partitionOf(location)),
    );
    t.end();
  });
  await start('worker');
  await mend();

  await t.test('those waiting for a retry', (t) => eachHas(t, other, retrying, 'confirmed,cancelled'));
  await t.test('those waiting for processing', (t) => eachHas(t, other, waiting, 'confirmed,cancelled'));
  await t.test('stored ones', (t) => eachHas(t, other, stored, 'confirmed,preparing,cancelled'));
});

interface Stats {
  retries: { waiting: number | null };
}

interface PlacedOrder {
  id: string;
  location: string;
}

function placeMany(
  client: OrderClient,
  changes: Parameters<typeof anOrder>[0] = {},
  headers: Record<string, string> = {},
): Promise<PlacedOrder[]> {
  return pMap(Array.from({ length: ORDERS }), () => placeOne(client, changes, headers), { concurrency: 10 });
}

async function placeOne(
  client: OrderClient,
  changes: Parameters<typeof anOrder>[0],
  headers: Record<string, string>,
): Promise<PlacedOrder> {
  const placed = await client.place(anOrder(changes), headers);
  return { id: placed.body.id, location: placed.headers.get('location') ?? '' };
}

/** @param location `/v1/orders/<id>?position=<partition>-<offset>` */
function partitionOf(location: string): string | undefined {
  return /position=(\d+)-/.exec(location)?.[1];
}

/** @param path of an order, with or without its position */
function transitionsOf(path: string): string {
  const [order = '', query] = path.split('?');
  return `${order}/transitions${query === undefined ? '' : `?${query}`}`;
}

async function placeFillers(client: OrderClient): Promise<void> {
  const orders = Array.from({ length: 1_000 }, () => anOrder({ customerId: 'c-filler' }));
  for (let placed = 0; placed < FILLERS; placed += orders.length)
    await client.post('/v1/orders/batch', { orders });
}

async function eachHas(
  t: Test,
  client: OrderClient,
  orders: readonly PlacedOrder[],
  expected: string,
): Promise<void> {
  const histories = async () => {
    const all = await pMap(orders, ({ id }) => client.history(id), { concurrency: 10 });
    // An order that is not stored yet is unknown to a replica that has not accepted it.
    return all.map(({ status, body }) =>
      status === 200 ? body.data.map(({ status }) => status).join() : '',
    );
  };
  const isDone = async () => (await histories()).every((history) => history.endsWith('cancelled'));
  await eventually(isDone, { what: 'all to be cancelled', timeoutMs: 30_000 }).catch(() => undefined);
  t.same(
    (await histories()).filter((history) => history !== expected),
    [],
  );
}
