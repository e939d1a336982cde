import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Watch } from '../../src/services/watch.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

interface ServerSentEvent {
  event: string;
  id: string;
  data: { orderId?: string; id?: string; status: string; version: number; at?: string };
}

/** Reads the stream on a real socket until `cut`. */
async function watch(t: Test, query: string, lastEventId?: string) {
  const { port } = http.app.server.address() as AddressInfo;
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const asking = request({ port, path: `/v1/order-events${query}`, headers });
  t.teardown(() => asking.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asking.on('response', resolve).on('error', reject).end();
  });
  let text = '';
  let hasEnded = false;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (text += chunk));
  response.on('end', () => (hasEnded = true));
  response.on('error', () => (hasEnded = true));
  const events = () =>
    text
      .split('\n\n')
      .filter((block) => block.includes('data: '))
      .map((block) => {
        const fields = new Map(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        );
        const data = JSON.parse(fields.get('data') ?? '') as ServerSentEvent['data'];
        return { event: fields.get('event') ?? '', id: fields.get('id') ?? '', data };
      });
  const received = async (count: number): Promise<ServerSentEvent[]> => {
    await eventually(() => events().length >= count, { what: `${count} events` });
    return events();
  };
  const ended = () => eventually(() => hasEnded, { what: 'the stream to end' });
  return { response, events, received, ended, text: () => text, cut: () => asking.destroy() };
}

const http = await startHttp(t);
await http.app.listen({ host: '127.0.0.1', port: 0 });

async function placed(changes = {}): Promise<string> {
  const response = await http.app.inject({ method: 'POST', url: '/v1/orders', body: anOrder(changes) });
  return response.json<{ id: string }>().id;
}

async function move(id: string, to: string): Promise<void> {
  const response = await http.app.inject({
    method: 'POST',
    url: `/v1/orders/${id}/transitions`,
    body: { to },
  });
  t.equal(response.statusCode, 202);
  await http.process();
}

await t.test('one order: its state, every change, and the end after its final status', async (t) => {
  const id = await placed();
  const { response, received, ended, text } = await watch(t, `?orderId=${id}`);
  t.equal(response.statusCode, 200);
  t.match(response.headers, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-request-id': /./,
  });
  t.match(await received(1), [
    { event: 'snapshot', id: 'o.0', data: { id, status: 'accepted', version: 0 } },
  ]);
  t.match(text(), /^retry: 1000\nid: o\.0\n\n/);
  await http.process();
  const [, confirmed] = await received(2);
  t.match(confirmed, {
    event: 'change',
    id: /^o\.1\.[0-9a-z]+$/,
    data: { orderId: id, status: 'confirmed', version: 1, customerId: 'c-123', reason: null, at: /T.*Z$/ },
  });
  await move(id, 'cancelled');
  const all = await received(3);
  t.match(all[2], { id: /^o\.2\./, data: { status: 'cancelled', version: 2 } });
  await ended();
  t.equal(http.hub.watcherCount, 0);

  await t.test('resuming sends the missed changes, or 204 after the final one', async (t) => {
    const resumed = await watch(t, `?orderId=${id}`, confirmed?.id);
    t.same(
      (await resumed.received(1)).map((event) => event.data.status),
      ['cancelled'],
    );
    await resumed.ended();
    t.equal((await watch(t, `?orderId=${id}`, all[2]?.id)).response.statusCode, 204);
  });
});

await t.test('orders of a customer: a reader that reconnects misses and repeats nothing', async (t) => {
  const first = await watch(t, '?customerId=c-7');
  const everyone = await watch(t, '');
  const [mine, other] = [await placed({ customerId: 'c-7' }), await placed({ customerId: 'c-8' })];
  await http.process();
  const [confirmed] = await first.received(1);
  t.match(confirmed, { event: 'change', data: { orderId: mine, status: 'confirmed' } });
  first.cut();
  await eventually(() => http.hub.watcherCount === 1, { what: 'the reader to be removed' });
  await move(other, 'preparing');
  await move(mine, 'preparing');
  await move(mine, 'dispatched');
  const second = await watch(t, '?customerId=c-7', confirmed?.id);
  await move(mine, 'delivered');
  t.same(
    (await second.received(3)).map(({ data }) => data.status),
    ['preparing', 'dispatched', 'delivered'],
  );
  t.equal((await everyone.received(6)).length, 6);
});

await t.test('invalid watches are refused', async (t) => {
  await eventually(() => http.hub.watcherCount === 0, { what: 'the readers before to be removed' });
  const statusOf = async (query: string, lastEventId?: string) =>
    (await watch(t, query, lastEventId)).response.statusCode;
  t.equal(await statusOf('?orderId=0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70'), 404);
  t.equal(await statusOf('?orderId=x'), 404);
  t.equal(await statusOf('?orderId=0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70&customerId=c'), 400);
  t.equal(await statusOf('?status=confirmed'), 400);
  t.equal(await statusOf('?position=here'), 400, 'even where it is not needed');
  t.equal(await statusOf('', 'o.1'), 400, 'a token of the other kind of stream');
  t.equal(await statusOf('', 'garbage'), 400);
  t.equal(await statusOf('', 's.zz'), 410, 'a token of an earlier process');
  const id = await placed();
  await http.process();
  t.equal(await statusOf(`?orderId=${id}`, 'o.1.zz'), 410, 'a token of another version 1');
  t.equal(await statusOf(`?orderId=${id}`, 'o.9.zz'), 410, 'a token of a version that is not there');
  t.equal(http.hub.watcherCount, 0);
});

await t.test('a reader that disconnects before its stream begins is not watched for', async (t) => {
  let begin: (watch: Watch) => void = () => undefined;
  let isClosed = false;
  let isReading = false;
  const watch: Watch = {
    take: () => undefined,
    onReadable: () => {
      isReading = true;
    },
    end: () => undefined,
    token: () => 's',
    close: () => {
      isClosed = true;
    },
  };
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    return new Promise<Watch>((resolve) => (begin = resolve));
  };
  const watchOrders = () => t.fail('one order is watched') as never;
  const { app } = await startHttp(t, { api: { watchService: { watchOrder: ask, watchOrders } } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  app.server.on('connection', (socket: Socket) => sockets.push(socket));
  const asking = request({ port, path: `/v1/order-events?orderId=${randomUUID()}` });
  asking.on('error', () => undefined).end();
  await eventually(() => isAsked, { what: 'the request' });
  asking.destroy();
  await eventually(() => sockets.every((socket) => socket.destroyed), { what: 'the connection to end' });
  begin(watch);
  await eventually(() => isClosed, { what: 'the watch to be closed' });
  t.notOk(isReading);
});

await t.test('a stream ends with a problem when the log of status changes starts over', async (t) => {
  const id = await placed();
  await http.process();
  const streams = [await watch(t, ''), await watch(t, `?orderId=${id}`)];
  await streams[1]?.received(1);
  http.hub.startOver(new Map());
  for (const { ended, text } of streams) {
    await ended();
    const [, data = '{}'] = /event: problem\ndata: (.*)\n\n$/.exec(text()) ?? [];
    t.match(JSON.parse(data), {
      code: 'resume-token-too-old',
      status: 410,
      requestId: /./,
      detail: /replaced/,
    });
  }
  t.equal(http.hub.watcherCount, 0);
});

await t.test('streams end when the service stops', async (t) => {
  const { ended } = await watch(t, '');
  await http.app.close();
  await ended();
  t.equal(http.hub.watcherCount, 0);
});
