import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { grpcJourney } from './grpc-journey.ts';
import { orderJourney } from './journey.ts';

await t.test('api and worker as separate processes', { timeout: 120_000 }, async (t) => {
  const environment = kafkaEnvironment(await temporaryFolder(t));
  const [api, other, worker] = await Promise.all([
    ServiceProcess.start('api', environment),
    ServiceProcess.start('api', environment),
    ServiceProcess.start('worker', environment),
  ]);
  const successors: ServiceProcess[] = [];
  t.teardown(() => Promise.all([api, other, worker, ...successors].map((service) => service.stop())));

  const client = new OrderClient(api.url);
  await orderJourney(t, client);
  await grpcJourney(t, client, [api.grpcAddress ?? '', other.grpcAddress ?? '']);

  await t.test('every api replica has statistics, the worker has none', async (t) => {
    interface Stats {
      totals: { confirmed: number };
      latency: { acceptToConfirmed: { count: number } };
      backlog: { records: number | null };
    }
    const statsOf = async ({ url }: ServiceProcess) =>
      (await new OrderClient(url).get<Stats>('/v1/stats')).body;
    const placed = await new OrderClient(api.url).place(anOrder(), { prefer: 'wait=30' });
    t.equal(placed.status, 201);
    for (const replica of [api, other]) {
      await eventually(
        async () => {
          const { totals, latency, backlog } = await statsOf(replica);
          return totals.confirmed > 0 && latency.acceptToConfirmed.count > 0 && backlog.records === 0;
        },
        { what: 'the statistics of a confirmed order', timeoutMs: 60_000 },
      );
    }
    t.equal((await new OrderClient(worker.url).get('/v1/stats')).status, 404);
    t.equal((await new OrderClient(worker.url).get('/')).status, 404);
  });

  await t.test('operators see every process, and which one has the partitions', async (t) => {
    interface Listed {
      data: {
        id: string;
        role: string;
        partition: number;
        owner: { replica: string } | null;
        partitions: number[];
      }[];
    }
    const listed = async (path: string) => (await client.get<Listed>(path)).body.data;
    const owners = async () => new Set((await listed('/v1/partitions')).map(({ owner }) => owner?.replica));
    await eventually(async () => (await listed('/v1/replicas')).length === 3, {
      what: 'three processes',
      timeoutMs: 20_000,
    });
    const replicas = await listed('/v1/replicas');
    t.same(replicas.map(({ role }) => role).sort(), ['api', 'api', 'worker']);
    const processing = replicas.find(({ role }) => role === 'worker');
    await eventually(async () => (await owners()).has(processing?.id), {
      what: 'its partitions',
      timeoutMs: 20_000,
    });
    t.same([...(await owners())], [processing?.id], 'it has all of them');
  });

  await t.test('a worker serves health checks and no orders', async (t) => {
    const client = new OrderClient(worker.url);
    t.equal((await client.get('/readyz')).status, 200);
    t.equal((await client.place()).status, 404);
    t.equal(worker.grpcAddress, undefined, 'and no gRPC');
  });

  await t.test(
    'without a worker an order stays accepted on every replica until a worker starts',
    async (t) => {
      t.same(await worker.stop(), { code: 0, signal: null });
      const isListed = async () => {
        const { body } = await client.get<{ data: { role: string }[] }>('/v1/replicas');
        return body.data.some(({ role }) => role === 'worker');
      };
      // It deletes its row; without that it would be listed for 30 s.
      await eventually(async () => !(await isListed()), {
        what: 'the stopped worker not to be listed',
        timeoutMs: 10_000,
      });
      const placed = await new OrderClient(api.url).place();
      const location = placed.headers.get('location') ?? '';
      for (const replica of [api, other]) {
        t.match(await new OrderClient(replica.url).order(location), {
          status: 200,
          body: { status: 'accepted' },
        });
      }
      const successor = await ServiceProcess.start('worker', environment);
      successors.push(successor);
      await eventually(
        async () => (await new OrderClient(other.url).order(location)).body.status === 'confirmed',
        {
          what: 'the new worker to confirm it',
          timeoutMs: 60_000,
        },
      );
    },
  );

  await t.test('replicas share idempotency keys', async (t) => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const first = await new OrderClient(api.url).place(anOrder(), key);
    const repeated = await new OrderClient(other.url).place(anOrder(), key);
    t.equal(repeated.body.id, first.body.id);
    t.equal(repeated.headers.get('idempotent-replayed'), 'true');
    t.equal((await new OrderClient(other.url).place(anOrder({ merchantId: 'm-other' }), key)).status, 422);
  });
});
