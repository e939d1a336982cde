import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp, type HttpUnderTest } from './http-under-test.ts';

/** Opens a stream as this client, behind a trusted proxy; its answer is not read. */
async function openStream(t: Test, { app }: HttpUnderTest, client: string): Promise<IncomingMessage> {
  const { port } = app.server.address() as AddressInfo;
  const asking = request({ port, path: '/v1/order-events', headers: { 'x-forwarded-for': client } });
  t.teardown(() => asking.destroy());
  return new Promise((resolve, reject) => {
    asking.on('response', resolve).on('error', reject).end();
  });
}

async function start(t: Test, hub: Parameters<typeof startHttp>[1] = {}): Promise<HttpUnderTest> {
  const http = await startHttp(t, { callers: new Callers(['127.0.0.1', '::1']), ...hub });
  await http.app.listen({ host: '127.0.0.1', port: 0 });
  return http;
}

await t.test('a client that has all its places gets 429; others get theirs', async (t) => {
  const http = await start(t, { hub: { maxWatchersPerCaller: 2 } });
  const [first] = [await openStream(t, http, '192.0.2.1'), await openStream(t, http, '192.0.2.1')];
  const refused = await openStream(t, http, '192.0.2.1');
  t.equal(refused.statusCode, 429);
  t.match(refused.headers, { 'retry-after': /^\d+$/, 'content-type': 'application/problem+json' });
  const [body] = (await refused.toArray()) as Buffer[];
  t.match(JSON.parse(String(body)), { code: 'too-many-watches', detail: /2 open streams/ });
  t.equal((await openStream(t, http, '192.0.2.2')).statusCode, 200);
  first.destroy();
  await eventually(() => http.hub.watcherCount === 2, { what: 'its place to be free' });
  t.equal((await openStream(t, http, '192.0.2.1')).statusCode, 200);
});

await t.test(
  'when streams have all their places, new ones get 503, and Prefer: wait is still 201',
  async (t) => {
    const http = await start(t, { hub: { maxWatchers: 2, reservedForWaits: 1 } });
    await openStream(t, http, '192.0.2.1');
    const refused = await openStream(t, http, '192.0.2.2');
    t.equal(refused.statusCode, 503);
    const answering = http.app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: { prefer: 'wait=20' },
      payload: anOrder(),
    });
    await eventually(() => http.hub.watcherCount === 2, { what: 'the request to wait' });
    await http.process();
    t.equal((await answering).statusCode, 201);
  },
);
