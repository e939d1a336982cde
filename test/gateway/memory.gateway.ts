import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { Gateway } from './nginx.ts';
import { assertProblem } from './assert-problem.ts';
import { send, type Sent } from './send.ts';
import { FakeReplica } from './fake-replica.ts';

const CLOSED_ADDRESS = '127.0.0.1:1';

await t.test(
  'concurrent batches are limited, by address and in total, so that their bodies fit into memory',
  async (t) => {
    const gate = new EventEmitter();
    const replica = await FakeReplica.start(t, { responds: true, responseAfter: once(gate, 'open') });
    const address = { http: replica.address, grpc: CLOSED_ADDRESS };
    const { url } = await Gateway.start(t, [address, address]);
    // Larger than the gateway's own buffer for a body.
    const body = Buffer.alloc(100_000, ' ');
    const sent: Promise<Sent>[] = [];
    const place = async (count: number, from: string) => {
      const due = replica.requests.length + count;
      sent.push(...Array.from({ length: count }, () => send(url, '/v1/orders/batch', { body, from })));
      await eventually(() => replica.requests.length === due, { what: `${count} batches at the replica` });
    };
    const refused = async (from: string) =>
      assertProblem(t, await send(url, '/v1/orders/batch', { body, from }), 'rate-limited');

    await place(20, '127.0.0.41');
    await refused('127.0.0.41');
    await place(12, '127.0.0.42');
    await refused('127.0.0.42');
    await refused('127.0.0.43');
    sent.push(send(url, '/v1/orders', { body: {}, from: '127.0.0.41' }));
    await eventually(() => replica.requests.length === 33, { what: 'an order at the replica' });

    gate.emit('open');
    t.same(new Set((await Promise.all(sent)).map(({ status }) => status)), new Set([200]));
    t.equal((await send(url, '/v1/orders/batch', { body, from: '127.0.0.41' })).status, 200);
  },
);

await t.test('a response that the client does not read is not buffered by the gateway', async (t) => {
  // Larger than all socket buffers on the way.
  const body = Buffer.alloc(64 * 1024 * 1024, ' ');
  const replica = await FakeReplica.start(t, { responds: true, body });
  const address = { http: replica.address, grpc: CLOSED_ADDRESS };
  const { url } = await Gateway.start(t, [address, address]);
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(`${url}/v1/orders`, { agent: false }, resolve).on('error', reject),
  );
  // Nothing marks the absence of buffering; a gateway that buffers reads the whole body much sooner.
  await delay(2_000);
  t.equal(replica.responded, 0, 'the gateway has not read all of it');
  let bytes = 0;
  for await (const piece of response) bytes += (piece as Buffer).length;
  t.equal(bytes, body.length, 'it arrives in full');
});
