import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { changesOfOrders } from '../status/many-changes.ts';
import { sharedDelivery } from '../support/small-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startHttp } from './http-under-test.ts';

const KEPT = 16_000;
const READERS = 200;

/** A service with many kept events, where every decoding is counted. */
async function startStreams(t: Test, maxBytes?: number) {
  const shared = sharedDelivery(maxBytes);
  const codec = createEventCodec();
  let decoded = 0;
  const decodeStatusChange: typeof codec.decodeStatusChange = (value) => {
    decoded += 1;
    return codec.decodeStatusChange(value);
  };
  const hub = { codec: { ...codec, decodeStatusChange }, maxWatchers: 1_000 };
  const http = await startHttp(t, { hub, api: { shared } });
  // The kernel holds much less for a local socket than for TCP, where it would take all events of a reader.
  const path = join(await temporaryFolder(t), 'http.sock');
  await http.app.listen({ path });
  http.hub.beginAt(0, 0);
  const { token } = http.hub.subscribe({}, ALL_ORDERS);
  http.hub.publish(changesOfOrders(KEPT));
  return { ...http, shared, decoded: () => decoded, resume: () => resume(t, path, token) };
}

/** Asks for all kept events and does not read them. */
async function resume(t: Test, path: string, token: string): Promise<Socket> {
  const socket = connect(path);
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET /v1/order-events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${token}\r\n\r\n`);
  return socket;
}

/** Reads until all events have arrived. */
async function readAll(socket: Socket): Promise<void> {
  let events = 0;
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const parts = (rest + text).split('event: change');
    events += parts.length - 1;
    rest = parts.at(-1)?.slice(-20) ?? '';
  });
  socket.resume();
  await eventually(() => events === KEPT, { what: 'all events' });
}

await t.test('readers that do not read hold little, and cost an honest reader nothing', async (t) => {
  const { shared, decoded, hub, resume } = await startStreams(t);
  const rssBefore = process.memoryUsage.rss();
  for (let count = 0; count < READERS; count += 1) await resume();
  await eventually(() => hub.watcherCount > READERS && shared.turns.waiting === 0, {
    what: 'the readers to be full',
  });
  await readAll(await resume());
  t.equal(decoded(), KEPT, 'each event is decoded once for all');
  t.ok(shared.laggingReaders.bytes < READERS * 64 * 1024, `${shared.laggingReaders.bytes} bytes`);
  const grown = process.memoryUsage.rss() - rssBefore;
  t.ok(grown < 200 * 1024 * 1024, `RSS grew by ${grown} bytes`);
  t.comment(`RSS +${grown >> 20} MiB, ${shared.laggingReaders.bytes >> 10} KiB held`);
});

await t.test(
  'beyond the budget of bytes the slowest readers are cut off, and honest ones are not',
  async (t) => {
    const { shared, hub, resume } = await startStreams(t, 512 * 1024);
    const sockets: Socket[] = [];
    for (let count = 0; count < 100; count += 1) sockets.push(await resume());
    await eventually(() => hub.watcherCount < 100 && shared.turns.waiting === 0, {
      what: 'readers to be cut off',
    });
    t.ok(shared.laggingReaders.bytes <= 512 * 1024);
    await readAll(await resume());
  },
);
