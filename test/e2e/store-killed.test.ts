import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { anOrder, OrderClient, type OrderBody } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

interface BatchAnswer {
  results: { status: number; id?: string }[];
}

await t.test(
  'while PostgreSQL is down every way to place an order works; what needs a state is 503',
  async (t) => {
    const postgres = await PostgresServer.start(t);
    const service = await ServiceProcess.start('all', {
      DATA_DIR: await temporaryFolder(t),
      DATABASE_URL: await postgres.createDatabase(),
    });
    t.teardown(() => service.kill());
    const client = new OrderClient(service.url);
    const grpc = await GrpcClient.to(service.grpcAddress ?? '');
    t.teardown(() => grpc.close());
    const stored = await client.place(anOrder(), { prefer: 'wait=20' });
    t.equal(stored.status, 201);

    await postgres.kill();
    const key = { 'idempotency-key': 'key-1' };
    const ids: string[] = [];

    await t.test('with a key, and its repeat', async (t) => {
      const first = await client.place(anOrder(), key);
      t.equal(first.status, 202);
      const repeat = await client.place(anOrder(), key);
      t.match(repeat, { status: 202, body: { id: first.body.id } });
      t.equal(repeat.headers.get('idempotent-replayed'), 'true');
      t.equal(
        (await client.place(anOrder({ merchantId: 'm-other' }), key)).status,
        422,
        'the log has the first',
      );
      ids.push(first.body.id);
    });
    await t.test('with Prefer: wait', async (t) => {
      for (const headers of [undefined, { 'idempotency-key': 'key-2' }]) {
        const { status, body } = await client.place(anOrder(), { ...headers, prefer: 'wait=1' });
        t.equal(status, 202);
        ids.push(body.id);
      }
    });
    await t.test('in a batch', async (t) => {
      const orders = [anOrder(), anOrder()];
      const { body } = await client.post<BatchAnswer>('/v1/orders/batch', { orders }, key);
      t.same(
        body.results.map(({ status }) => status),
        [202, 202],
      );
      ids.push(...body.results.map(({ id }) => id ?? ''));
    });
    await t.test('over gRPC', async (t) => {
      const { id } = await grpc.create({ ...anOrder(), idempotencyKey: 'key-3' });
      t.ok(id);
      ids.push(id);
    });
    await t.test('requests that need the state of an order are refused', async (t) => {
      t.equal((await client.order(stored.body.id)).status, 503);
      t.equal((await client.transition(stored.body.id, 'cancelled')).status, 503);
    });

    await postgres.bringUp();
    await eventually(async () => (await client.get('/readyz')).status === 200, {
      what: 'the service to be ready again',
      timeoutMs: 60_000,
    });
    t.equal(new Set(ids).size, 6);
    for (const id of ids) {
      await eventually(async () => (await client.order(id)).body.status === 'confirmed', {
        what: 'the order to be confirmed',
        timeoutMs: 30_000,
      });
      const { body } = await client.get<OrderBody>(`/v1/orders/${id}`);
      t.match(body, { version: 1, merchantId: 'm-9' });
    }
  },
);
