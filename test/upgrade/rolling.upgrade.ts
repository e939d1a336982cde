import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { buildRelease } from '../../tools/release/build-release.ts';
import { PREVIOUS_RELEASE } from '../../tools/release/releases.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { MAIN } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { ReconnectingWatcher } from '../e2e/reconnecting-watcher.ts';
import { allOrders } from '../support/all-orders.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { mendableFault, type MendableFault } from '../support/mendable-fault.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(400_000);

const PROCESSOR = fileURLToPath(new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url));
/** Orders that must be acknowledged while both releases run. */
const ORDERS_A_STEP = 150;

/** The orders that a step placed besides the load. */
interface StepOrders {
  /** confirmed, then moved through the other api replica */
  moved: string;
  retrying: string;
  failed: string;
}

/** Both releases on the same Kafka and PostgreSQL. */
async function startCluster(t: Test) {
  const postgres = await PostgresServer.start(t);
  const environment = {
    ...kafkaEnvironment(await temporaryFolder(t)),
    DATABASE_URL: await postgres.createDatabase(),
    PROCESSOR,
    DEAD_LETTER_FLOOD_PERCENT: '100',
  };
  const programs = { old: await buildRelease(PREVIOUS_RELEASE), new: MAIN };
  return async (release: 'old' | 'new', role: 'api' | 'worker') => {
    const own = { ...environment, DATA_DIR: await temporaryFolder(t) };
    const service = await ServiceProcess.start(role, own, programs[release]);
    t.teardown(() => service.kill());
    return service;
  };
}

async function stop(t: Test, ...services: ServiceProcess[]): Promise<void> {
  for (const service of services) t.same(await service.stop(), { code: 0, signal: null });
}

async function placed(client: OrderClient, merchantId: string): Promise<string> {
  const { status, body } = await client.place(anOrder({ customerId: 'c-steps', merchantId }));
  if (status !== 202) throw new Error(`The order was answered with ${status}: ${JSON.stringify(body)}`);
  return body.id;
}

async function reaches(client: OrderClient, id: string, status: string, version: number): Promise<void> {
  const isThere = async () => {
    const { body } = await client.order(id);
    return body.status === status && body.version === version;
  };
  await eventually(isThere, { what: `${id} to be ${status}, version ${version}` });
}

/** What the replicas of two releases must be able to do together. @param one, other different api replicas, if there are two */
async function useBoth(
  t: Test,
  [one, other]: readonly [OrderClient, OrderClient],
  faults: { away: MendableFault; broken: MendableFault },
): Promise<StepOrders> {
  const key = { 'idempotency-key': crypto.randomUUID() };
  const first = await one.place(anOrder({ customerId: 'c-steps' }), key);
  const again = await other.place(anOrder({ customerId: 'c-steps' }), key);
  t.equal(again.body.id, first.body.id, 'both releases know an idempotency key');
  t.equal(again.headers.get('idempotent-replayed'), 'true');
  t.equal((await other.order(first.headers.get('location') ?? '')).status, 200, 'both read its location');
  await reaches(other, first.body.id, 'confirmed', 1);
  t.equal((await other.transition(first.body.id, 'preparing', { expectedVersion: 1 })).status, 202);
  await reaches(one, first.body.id, 'preparing', 2);
  return {
    moved: first.body.id,
    retrying: await placed(one, faults.away.merchantId),
    failed: await placed(other, faults.broken.merchantId),
  };
}

await t.test(
  `replicas of ${PREVIOUS_RELEASE.version} and of this version serve together, and either can replace the other`,
  { timeout: 360_000 },
  async (t) => {
    const start = await startCluster(t);
    const faults = { away: await mendableFault(t, 'away'), broken: await mendableFault(t, 'broken') };
    const [oldApi, oldWorker] = [await start('old', 'api'), await start('old', 'worker')];
    let urls = [oldApi.url];
    const load = new OrderLoad(oldApi.url, { customerId: 'c-load', lines: 4 });
    t.teardown(() => load.stop());
    const watcher = new ReconnectingWatcher(() => urls);
    t.teardown(() => watcher.stop());
    await watcher.start();
    const steps: StepOrders[] = [];
    const step = async (what: string, apis: readonly [ServiceProcess, ServiceProcess]) =>
      t.test(what, async (t) => {
        urls = apis.map(({ url }) => url);
        await watcher.reconnect();
        const target = load.acknowledged.length + ORDERS_A_STEP;
        steps.push(await useBoth(t, [new OrderClient(apis[0].url), new OrderClient(apis[1].url)], faults));
        await eventually(() => load.acknowledged.length >= target, {
          what: 'orders to be acknowledged',
          timeoutMs: 60_000,
        });
      });

    await step('the release before', [oldApi, oldApi]);
    const newWorker = await start('new', 'worker');
    await step('workers of both releases', [oldApi, oldApi]);
    await stop(t, oldWorker);
    await step('the api of the release before with the worker of this one', [oldApi, oldApi]);
    const newApi = await start('new', 'api');
    await step('api replicas of both releases', [oldApi, newApi]);
    load.redirect(newApi.url);
    await stop(t, oldApi);
    await step('this version', [newApi, newApi]);

    const oldWorkerAgain = await start('old', 'worker');
    await stop(t, newWorker);
    await step('rolled back: the api of this version with the worker of the release before', [
      newApi,
      newApi,
    ]);
    const oldApiAgain = await start('old', 'api');
    await step('rolled back: api replicas of both releases', [oldApiAgain, newApi]);
    load.redirect(oldApiAgain.url);
    await stop(t, newApi);
    await step('rolled back: the release before', [oldApiAgain, oldApiAgain]);

    const [lastApi] = [await start('new', 'api'), await start('new', 'worker')];
    load.redirect(lastApi.url);
    await stop(t, oldWorkerAgain, oldApiAgain);
    await step('this version again', [lastApi, lastApi]);
    await load.stop();

    const client = new OrderClient(lastApi.url);
    await faults.away.mend();
    await faults.broken.mend();
    const replay = async () =>
      (
        await client.post<{ matched: number; replayed: number }>('/v1/dead-letters/replay', {
          filter: { reason: 'processor-failed' },
        })
      ).body;
    t.match(await replay(), { matched: steps.length, replayed: steps.length });
    for (const { moved, retrying, failed } of steps) {
      await reaches(client, moved, 'preparing', 2);
      await reaches(client, retrying, 'confirmed', 1);
      await reaches(client, failed, 'confirmed', 2);
    }

    const stored = [...(await allOrders(client, 'c-load')), ...(await allOrders(client, 'c-steps'))];
    const byId = new Map(stored.map((order) => [order.id, order]));
    t.equal(byId.size, stored.length, 'no order is stored twice');
    const confirmed = () => load.acknowledged.every(({ id }) => byId.get(id)?.status === 'confirmed');
    t.ok(confirmed(), 'every acknowledged order is confirmed');
    const versions = new Map(stored.map(({ id, version }) => [id, version]));
    const expected = [...versions.values()].reduce((sum, version) => sum + version, 0);
    await eventually(() => watcher.changes >= expected, { what: `${expected} changes` });
    await watcher.stop();
    watcher.assertSawEverything(t, versions);
    t.comment(`${load.acknowledged.length} orders acknowledged, ${expected} changes watched`);
  },
);
