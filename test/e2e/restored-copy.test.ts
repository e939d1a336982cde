import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const DONE = { prefer: 'wait=20' };

async function start(t: Test, folder: string) {
  const service = await ServiceProcess.start('all', { DATA_DIR: folder, WORKER_THREADS: '1' });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  const place = async () => {
    const { status, body } = await client.place(anOrder(), DONE);
    t.equal(status, 201);
    return body.id;
  };
  return { service, client, place };
}

/** The token with which a stream begins now. */
async function tokenOf({ service }: { service: ServiceProcess }, query = ''): Promise<string> {
  const reader = new EventSourceReader();
  const reading = reader.read(`${service.url}/v1/order-events${query}`, () => undefined);
  // A stream of one order begins with the token before its snapshot.
  const hasBegun = () => reader.lastEventId !== '' && reader.lastEventId !== 'o.0';
  await eventually(hasBegun, { what: 'the stream to begin' });
  reader.cut();
  await reading;
  return reader.lastEventId;
}

/** The order ids of the first `count` changes after the token, or the status that refuses it. */
async function resumed(
  { service }: { service: ServiceProcess },
  token: string,
  count: number,
  query = '',
): Promise<string[] | number> {
  const url = `${service.url}/v1/order-events${query}`;
  const response = await fetch(url, { headers: { 'last-event-id': token } });
  await response.body?.cancel();
  if (response.status !== 200) return response.status;
  const reader = new EventSourceReader(token);
  const seen: string[] = [];
  const reading = reader.read(url, ({ data }) => seen.push(data.orderId));
  await eventually(() => seen.length >= count, { what: `${count} changes` });
  reader.cut();
  await reading;
  return seen;
}

async function isMoved({ client }: { client: OrderClient }, id: string, version: number): Promise<void> {
  const done = async () => (await client.order(id)).body.version === version;
  await eventually(done, { what: `version ${version}` });
}

await t.test(
  'a restored copy refuses the tokens of what it does not have, and loses no change of its own',
  async (t) => {
    const root = await temporaryFolder(t);
    const folder = join(root, 'data');
    const copies = { running: join(root, 'running'), stopped: join(root, 'stopped') };

    const first = await start(t, folder);
    const order = await first.place();
    // Nothing happens meanwhile, so the files of log and store are of one moment.
    await cp(folder, copies.running, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const shared = await tokenOf(first);
    const orderShared = await tokenOf(first, `?orderId=${order}`);
    t.same(await first.service.stop(), { code: 0, signal: null });
    await cp(folder, copies.stopped, { recursive: true });

    const later = await start(t, folder);
    t.same(await resumed(later, shared, 0), [], 'a normal restart keeps tokens good');
    const ids = [await later.place(), await later.place()];
    t.same(await resumed(later, shared, 2), ids, 'and their changes');
    const lost = await tokenOf(later);
    t.equal((await later.client.transition(order, 'preparing')).status, 202);
    await isMoved(later, order, 2);
    const orderLost = await tokenOf(later, `?orderId=${order}`);
    t.same(await later.service.stop(), { code: 0, signal: null });

    for (const [when, copy] of Object.entries(copies)) {
      await t.test(`copied while ${when}`, async (t) => {
        const restored = await start(t, copy);
        t.equal(await resumed(restored, lost, 0), 410, 'at once');
        t.equal(await resumed(restored, orderLost, 0, `?orderId=${order}`), 410);
        const own = [];
        for (let more = 0; more < 5; more += 1) own.push(await restored.place());
        t.equal((await restored.client.transition(order, 'cancelled')).status, 202);
        await isMoved(restored, order, 2);
        t.equal(await resumed(restored, lost, 0), 410, 'after its history has overtaken the token');
        t.equal(await resumed(restored, orderLost, 0, `?orderId=${order}`), 410);
        t.same(await resumed(restored, shared, 6), [...own, order], 'a token from before the copy is good');
        t.same(await resumed(restored, orderShared, 1, `?orderId=${order}`), [order]);
        t.equal(
          await resumed(
            restored,
            (await tokenOf(restored)).replace(/^(v\.[^.]*)\.[^.]*/, '$1.0123456789abcdef'),
            0,
          ),
          410,
        );
        t.same(await restored.service.stop(), { code: 0, signal: null });
      });
    }
  },
);
