import { randomUUID } from 'node:crypto';
import t from 'tap';
import { Gateway } from './nginx.ts';
import { assertProblem } from './assert-problem.ts';
import { send } from './send.ts';
import { FakeReplica } from './fake-replica.ts';

const CLOSED_ADDRESS = '127.0.0.1:1';

await t.test('a POST that reached a replica is never sent to another one; a GET is', async (t) => {
  const closing = await FakeReplica.start(t, { responds: false });
  const answering = await FakeReplica.start(t, { responds: true });
  const { url } = await Gateway.start(t, [
    { http: closing.address, grpc: CLOSED_ADDRESS },
    { http: answering.address, grpc: CLOSED_ADDRESS },
  ]);
  const keys = Array.from({ length: 4 }, () => randomUUID());
  const answers = [];
  for (const key of keys) {
    answers.push(await send(url, '/v1/orders', { body: {}, headers: { 'idempotency-key': key } }));
  }
  const lost = answers.filter(({ status }) => status !== 200);
  t.ok(lost.length > 0, `${lost.length} went to the replica that closes connections`);
  for (const answer of lost) assertProblem(t, answer, 'instance-lost');
  const seen = [...closing.requests, ...answering.requests];
  t.same(seen.sort(), keys.map((key) => `POST ${key}`).sort(), 'each reached one replica, once');

  for (let index = 0; index < 8; index += 1) t.equal((await send(url, '/v1/orders')).status, 200);
  t.ok(
    closing.requests.includes('GET '),
    'one went to the replica that closes connections, then to the other',
  );
});

await t.test('without any replica the gateway responds with 502 and stays alive', async (t) => {
  const closed = { http: CLOSED_ADDRESS, grpc: CLOSED_ADDRESS };
  const { url } = await Gateway.start(t, [closed, closed]);
  assertProblem(t, await send(url, '/v1/orders', { body: {} }), 'instance-lost');
  assertProblem(t, await send(url, '/readyz'), 'instance-lost');
  t.equal((await send(url, '/livez')).status, 200);
});
