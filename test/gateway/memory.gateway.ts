import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { Gateway } from './nginx.ts';
import { isProblem } from './problem.ts';
import { send, type Sent } from './send.ts';
import { StandIn } from './stand-in.ts';

const NOBODY = '127.0.0.1:1';

await t.test('the batches under way are few enough for their bodies to have room', async (t) => {
  const gate = new EventEmitter();
  const holding = await StandIn.start(t, { answers: true, until: once(gate, 'open') });
  const replica = { http: holding.address, grpc: NOBODY };
  const { url } = await Gateway.start(t, [replica, replica]);
  // Larger than what the gateway keeps of a body in its own memory.
  const body = Buffer.alloc(100_000, ' ');
  const sent: Promise<Sent>[] = [];
  const place = async (count: number, from: string) => {
    const due = holding.requests.length + count;
    sent.push(...Array.from({ length: count }, () => send(url, '/v1/orders/batch', { body, from })));
    await eventually(() => holding.requests.length === due, { what: `${count} batches at the replica` });
  };
  const refused = async (from: string) =>
    isProblem(t, await send(url, '/v1/orders/batch', { body, from }), 'rate-limited');

  await place(20, '127.0.0.41');
  await refused('127.0.0.41');
  await place(12, '127.0.0.42');
  await refused('127.0.0.42');
  await refused('127.0.0.43');
  sent.push(send(url, '/v1/orders', { body: {}, from: '127.0.0.41' }));
  await eventually(() => holding.requests.length === 33, { what: 'an order beside the batches' });

  gate.emit('open');
  t.same(new Set((await Promise.all(sent)).map(({ status }) => status)), new Set([200]));
  t.equal((await send(url, '/v1/orders/batch', { body, from: '127.0.0.41' })).status, 200);
});

await t.test('an answer that its reader does not take waits at the replica', async (t) => {
  // More than the buffers of the sockets on the way.
  const body = Buffer.alloc(64 * 1024 * 1024, ' ');
  const replica = await StandIn.start(t, { answers: true, body });
  const address = { http: replica.address, grpc: NOBODY };
  const { url } = await Gateway.start(t, [address, address]);
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    get(`${url}/v1/orders`, { agent: false }, resolve).on('error', reject),
  );
  // That something does not happen has no moment to wait for: a gateway that spools has taken all of it long before.
  await delay(2_000);
  t.equal(replica.answered, 0, 'the gateway has not taken it');
  let bytes = 0;
  for await (const piece of answer) bytes += (piece as Buffer).length;
  t.equal(bytes, body.length, 'it comes in full');
});
