import { randomUUID } from 'node:crypto';
import t from 'tap';
import { freePorts } from '../../tools/support/free-ports.ts';
import { docker, inspect, isHealthy, needDocker, output } from '../support/docker.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { Composition } from './composition.ts';
import { watchOrders } from './order-watch.ts';

const REPLICAS = ['api-1', 'api-2', 'worker-1', 'worker-2'];

await needDocker();
const [http = 0, grpc = 0] = await freePorts(2);
const project = `order-check-${randomUUID().slice(0, 8)}`;
const settings = {
  GATEWAY_HTTP_PORT: String(http),
  GATEWAY_GRPC_PORT: String(grpc),
  // Characters that a URL would need to escape.
  POSTGRES_PASSWORD: 'p/a#s?s@w%rd',
};
const composition = await Composition.create(project, settings);
const LIMIT = 20;
const withRedis = await Composition.create(project, {
  ...settings,
  COMPOSE_PROFILES: 'redis',
  REDIS_URL: 'redis://redis:6379',
  RATE_LIMIT_MAX: String(LIMIT),
  RATE_LIMIT_WINDOW_MS: '600000',
});
t.teardown(() => withRedis.run('down', '--volumes', '--timeout', '30'));
const client = new OrderClient(`http://127.0.0.1:${http}`);
const customerId = `c-${randomUUID()}`;

const isConfirmed = async (location: string) => (await client.order(location)).body.status === 'confirmed';

function addressOf(container: string, network: string): Promise<string> {
  return inspect(container, `{{(index .NetworkSettings.Networks "${project}_${network}").IPAddress}}`);
}

/** Whether a container of `from` can connect to `to` at its address in the network, within two seconds. */
async function reaches(from: string, to: string, network: string, port: number): Promise<boolean> {
  const address = await addressOf(await composition.container(to), network);
  const connect = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
  return docker('exec', await composition.container(from), ...connect).then(
    () => true,
    () => false,
  );
}

/** Places an order through the gateway and waits until a worker has confirmed it. */
async function placeConfirmed(): Promise<string> {
  const { status, headers, body } = await client.place(anOrder({ customerId }));
  if (status !== 202) throw new Error(`${status}: ${JSON.stringify(body)}`);
  const location = headers.get('location') ?? '';
  try {
    await eventually(() => isConfirmed(location), { what: `${location} to be confirmed`, timeoutMs: 60_000 });
  } catch (error) {
    throw new Error(await composition.lastLines(['worker-1', 'worker-2']), { cause: error });
  }
  return body.id;
}

await t.test('everything starts and becomes healthy', async (t) => {
  await composition.up();
  for (const name of await composition.containers()) {
    t.comment(await inspect(name, '{{.Name}} {{.Config.Image}} {{.State.Status}} {{.State.Health.Status}}'));
  }
  t.match(await client.get('/readyz'), { status: 200 });
  t.equal((await client.get('/v1/dead-letters')).status, 404);
  t.equal((await client.get('/metrics')).status, 404);
  t.equal((await client.get('/openapi.json')).status, 404);
});

await t.test(
  'the gateway reaches an api replica, but not Kafka and PostgreSQL; the replica reaches both',
  async (t) => {
    t.ok(await reaches('gateway', 'api-1', 'edge', 3000), 'gateway to api-1');
    for (const [name, port] of [
      ['kafka', 9092],
      ['postgres', 5432],
    ] as const) {
      t.notOk(await reaches('gateway', name, 'data', port), `gateway to ${name}`);
      t.ok(await reaches('api-1', name, 'data', port), `api-1 to ${name}`);
    }
  },
);

await t.test('an order placed at the gateway is confirmed, and its watcher sees it', async (t) => {
  const events: string[] = [];
  const reader = new EventSourceReader();
  const reading = reader.read(`${client.url}/v1/order-events?customerId=${customerId}`, ({ data }) => {
    events.push(`${data.orderId} ${data.status}`);
  });
  await eventually(() => reader.lastEventId !== '', { what: 'the stream to begin' });
  const id = await placeConfirmed();
  await eventually(() => events.includes(`${id} confirmed`), { what: 'the event' });
  t.comment(`server-sent event, through the gateway: ${events.join(', ')}`);
  reader.cut();
  await reading;
});

await t.test('a gRPC watcher sees it, too', async (t) => {
  const { changes, failures } = watchOrders(t, `127.0.0.1:${grpc}`, customerId);
  const ids: string[] = [];
  // The stream may begin after the first orders.
  await eventually(
    async () => {
      ids.push(await placeConfirmed());
      return changes.length > 0 || failures.length > 0;
    },
    { what: 'a change', timeoutMs: 60_000 },
  );
  t.same(failures, []);
  const [change] = changes;
  t.comment(`gRPC, through the gateway: ${JSON.stringify(change)}`);
  t.match(change?.status, /CONFIRMED$/);
  t.ok(ids.includes(change?.order_id ?? ''));
});

await t.test('one replica of each role is killed: the others place and confirm orders', async (t) => {
  const lost = await Promise.all(['api-1', 'worker-1'].map((service) => composition.container(service)));
  const [api = ''] = lost;
  const before = await addressOf(api, 'edge');
  for (const name of lost) await docker('kill', '--signal', 'KILL', name);
  for (let index = 0; index < 5; index += 1) t.ok(await placeConfirmed());
  for (const name of lost) await docker('start', name);
  for (const name of lost) {
    await eventually(() => isHealthy(name), { what: `${name} to be healthy`, timeoutMs: 120_000 });
  }
  t.equal(await addressOf(api, 'edge'), before, 'at the address that the gateway uses');
});

await t.test('all containers stop cleanly, and an acknowledged order survives a restart', async (t) => {
  const id = await placeConfirmed();
  await composition.run('stop');
  for (const service of [...REPLICAS, 'gateway']) t.equal(await composition.exitCode(service), '0', service);
  await composition.up();
  t.match(await client.order(id), { status: 200, body: { id, status: 'confirmed' } });
  t.ok(await placeConfirmed());
  const worker = await composition.container('worker-2');
  t.comment(await output('docker', ['logs', '--tail', '3', worker]));
});

await t.test('with the redis profile the replicas share the rate limit', async (t) => {
  await withRedis.up();
  t.match(await inspect(await withRedis.container('redis'), '{{.State.Health.Status}}'), 'healthy');
  t.notOk(await reaches('gateway', 'redis', 'data', 6379), 'gateway to redis');
  t.ok(await reaches('api-1', 'redis', 'data', 6379), 'api-1 to redis');
  const counts = new Map<number, number>();
  for (let request = 0; request < 2 * LIMIT; request += 1) {
    const { status } = await client.get('/v1/orders?limit=1');
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  t.same(
    Object.fromEntries(counts),
    { 200: LIMIT, 429: LIMIT },
    'replicas that count separately would allow all of them',
  );
});

await t.test('without POSTGRES_PASSWORD the password is random, and stays after a restart', async (t) => {
  await withRedis.run('down', '--volumes', '--timeout', '30');
  const withoutPassword = await Composition.create(project, { ...settings, POSTGRES_PASSWORD: '' });
  // Becomes ready only if PostgreSQL accepts the password.
  await withoutPassword.up('worker-1');
  const read = async (...command: string[]) =>
    docker(
      'exec',
      await withoutPassword.container('worker-1'),
      ...command,
      '/run/order-system/postgres-password',
    );
  const password = await read('cat');
  t.match(password, /^[0-9a-f]{48}$/);
  t.equal(await read('stat', '--format=%a %u'), '600 1000');
  await t.rejects(read('touch'), /Read-only file system/);
  await withoutPassword.run('down', '--timeout', '30');
  await withoutPassword.up('worker-1');
  t.equal(await read('cat'), password);
});
