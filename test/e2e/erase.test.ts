import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { findTexts } from '../support/raw-bytes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(180_000);

const PROCESSOR = fileURLToPath(new URL('../../../test/fixtures/quoting-processor.mjs', import.meta.url));

interface Person {
  customerId: string;
  item: string;
  address: string;
  wish: string;
}

const ERASED: Person = {
  customerId: 'customer-to-erase-4711',
  item: 'Zwetschgenkuchen mit Streuseln',
  address: 'Fliederweg 77b, Unterhausen',
  wish: 'Nachbarin Krause hat abgesagt',
};
const OTHER: Person = {
  customerId: 'customer-to-keep-0815',
  item: 'Kirschstrudel mit Sahne',
  address: 'Ahornallee 12, Oberhausen',
  wish: 'Onkel Ernst kommt nicht',
};

interface World {
  settings: Record<string, string>;
  /** folders with the bytes of store and log */
  folders: string[];
  /** before the bytes are read */
  settle?: () => Promise<void>;
}

interface Placed {
  delivered: string;
  cancelled: string;
  failed: string;
  retrying: string;
}

await t.test('a running service with SQLite forgets one customer and goes on', async (t) => {
  const folder = await temporaryFolder(t);
  await story(t, { settings: { DATA_DIR: folder }, folders: [folder] });
});

await t.test('a running service with PostgreSQL forgets one customer and goes on', async (t) => {
  const [folder, server] = [await temporaryFolder(t), await PostgresServer.start(t)];
  const { url } = await server.createStore();
  const [data] = await server.run(url, 'SHOW data_directory');
  await story(t, {
    settings: { DATA_DIR: folder, DATABASE_URL: url },
    folders: [folder, String(data?.data_directory)],
    settle: async () => {
      await server.run(url, 'CHECKPOINT');
    },
  });
});

async function story(t: Test, world: World): Promise<void> {
  const repaired = join(await temporaryFolder(t), 'repaired');
  const settings = { ...world.settings, PROCESSOR, RETRY_BASE_MS: '3600000', WORKER_THREADS: '1' };
  const environment = {
    ...settings,
    PROCESSOR_ENV_REPAIRED: repaired,
    RETRY_CAP_MS: '3600000',
    RETRY_BUDGET_MS: '2592000000',
  };
  const service = await ServiceProcess.start('all', environment);
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  const watcher = watch(t, service.url);
  const [mine, others] = [await placeAll(client, ERASED), await placeAll(client, OTHER)];
  const before = await seenBy(client, OTHER);

  const texts = [ERASED.customerId, ERASED.item, ERASED.address, ERASED.wish];
  const found = await bytesWith(world, texts);
  for (const text of texts)
    t.ok(
      found.some((each) => each.text === text),
      `${text} is in the files at first`,
    );

  const erase = (...options: string[]) =>
    runProgram(['erase', '--customer', ERASED.customerId, ...options], {
      env: { ...process.env, ...settings },
    });
  const dry = await erase('--dry-run');
  t.match(dry, { code: 0, stdout: /3 stored orders \(0 open\), 1 retrying order, 1 dead letter/ });
  const refused = await erase('--yes');
  t.match(refused, {
    code: 1,
    stderr: new RegExp(`1 order of this customer is still open: ${mine.retrying}`),
  });
  t.match(await erase('--include-open'), { code: 1, stderr: /give --yes/ });
  t.same(await bytesWith(world, texts), found, 'nothing was changed so far');

  const erased = await erase('--yes', '--include-open', '--by', 'ann');
  t.match(erased, { code: 0, stderr: '' });
  t.match(erased.stdout, /Erased: 3 stored orders, 1 retrying order, 1 dead letter, 0 API keys, \d+ records/);
  t.same(await bytesWith(world, texts), [], 'no byte of the personal data is left');

  t.same(await seenBy(client, OTHER), before, 'the other customer is untouched');
  t.same((await client.get<{ data: unknown[] }>(`/v1/orders?customerId=${ERASED.customerId}`)).body.data, []);
  const order = (await client.get<Record<string, unknown>>(`/v1/orders/${mine.delivered}`)).body;
  t.match(order, { customerId: /^erased-/, status: 'delivered', total: 50_000, items: [{ sku: 'biryani' }] });
  t.notOk('metadata' in order);
  t.equal((await client.history(mine.delivered)).body.data.length, 4);

  await writeFile(repaired, '');
  await replayAll(client);
  await eventually(async () => (await client.order(others.failed)).body.status === 'confirmed', {
    what: 'the replay',
  });
  t.equal((await client.order(mine.failed)).body.status, 'failed', 'an erased dead letter is not replayed');
  const next = await client.place(anOrder({ customerId: OTHER.customerId }), { prefer: 'wait=10' });
  t.match(next.body, { status: 'confirmed' });
  await eventually(() => watcher.seen.has(next.body.id), { what: 'the watcher to be told' });

  await service.stop();
  const again = await ServiceProcess.start('all', environment);
  t.teardown(() => again.kill());
  t.equal(
    (await new OrderClient(again.url).order(mine.cancelled)).body.status,
    'cancelled',
    'it starts again',
  );
  await again.stop();
  t.match(
    await erase('--yes', '--include-open'),
    { code: 0, stdout: /Erased: 0 stored orders/ },
    'also while it is stopped',
  );
  t.same(await bytesWith(world, texts), []);
}

async function bytesWith({ folders, settle }: World, texts: string[]) {
  await settle?.();
  // The write-ahead log of PostgreSQL is the server's; it is recycled.
  return (await Promise.all(folders.map((folder) => findTexts(folder, texts, ['pg_wal'])))).flat();
}

async function placeAll(client: OrderClient, { customerId, item, address, wish }: Person): Promise<Placed> {
  const place = async (merchantId: string, headers: Record<string, string> = {}) => {
    const order = anOrder({
      ...{ customerId, merchantId, metadata: { address } },
      items: [{ sku: 'biryani', name: item, quantity: 2, unitPrice: 25_000 }],
    });
    const { status, body } = await client.place(order, {
      'idempotency-key': `${merchantId}-${customerId.length}`,
      ...headers,
    });
    if (status >= 300) throw new Error(JSON.stringify(body));
    return body.id;
  };
  const delivered = await place('m-1', { prefer: 'wait=10' });
  for (const to of ['preparing', 'dispatched', 'delivered']) await moved(client, delivered, to, wish);
  const cancelled = await place('m-2', { prefer: 'wait=10' });
  await moved(client, cancelled, 'cancelled', wish);
  const failed = await place('broken', { prefer: 'wait=10' });
  const retrying = await place('away');
  await eventually(async () => (await retryingOrders(client)).includes(retrying), {
    what: 'the first attempt',
  });
  return { delivered, cancelled, failed, retrying };
}

async function moved(client: OrderClient, id: string, to: string, reason: string): Promise<void> {
  await client.transition(id, to, { reason });
  await eventually(async () => (await client.order(id)).body.status === to, { what: `${id} to be ${to}` });
}

async function retryingOrders(client: OrderClient): Promise<string[]> {
  const { body } = await client.get<{ data: { orderId: string }[] }>('/v1/retrying-orders?limit=100');
  return body.data.map(({ orderId }) => orderId);
}

/** Everything that callers see of a customer. */
async function seenBy(client: OrderClient, { customerId }: Person): Promise<unknown> {
  const { body } = await client.get<{ data: { id: string }[] }>(`/v1/orders?customerId=${customerId}`);
  const histories = await Promise.all(body.data.map(({ id }) => client.history(id)));
  const letters = await client.get<{ data: { id: number; orderId: string }[] }>('/v1/dead-letters');
  const own = letters.body.data.filter(({ orderId }) => body.data.some(({ id }) => id === orderId));
  const details = await Promise.all(own.map(({ id }) => client.get(`/v1/dead-letters/${id}`)));
  return [body, histories.map((history) => history.body), details.map((detail) => detail.body)];
}

async function replayAll(client: OrderClient): Promise<void> {
  const { status, body } = await client.post('/v1/dead-letters/replay', { filter: {} });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

function watch(t: Test, url: string) {
  const seen = new Set<string>();
  const reader = new EventSourceReader();
  const reading = reader.read(`${url}/v1/order-events`, ({ data }) => seen.add(data.orderId));
  t.teardown(async () => {
    reader.cut();
    await reading.catch(() => undefined);
  });
  return { seen };
}
