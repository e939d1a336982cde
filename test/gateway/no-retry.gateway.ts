import { randomUUID } from 'node:crypto';
import t from 'tap';
import { Gateway } from './nginx.ts';
import { isProblem } from './problem.ts';
import { send } from './send.ts';
import { StandIn } from './stand-in.ts';

const NOBODY = '127.0.0.1:1';

await t.test('a POST that reached a replica is never sent to another; a GET is', async (t) => {
  const losing = await StandIn.start(t, { answers: false });
  const answering = await StandIn.start(t, { answers: true });
  const { url } = await Gateway.start(t, [
    { http: losing.address, grpc: NOBODY },
    { http: answering.address, grpc: NOBODY },
  ]);
  const keys = Array.from({ length: 4 }, () => randomUUID());
  const answers = [];
  for (const key of keys) {
    answers.push(await send(url, '/v1/orders', { body: {}, headers: { 'idempotency-key': key } }));
  }
  const lost = answers.filter(({ status }) => status !== 200);
  t.ok(lost.length > 0, `${lost.length} went to the one that closes`);
  for (const answer of lost) isProblem(t, answer, 'instance-lost');
  const seen = [...losing.requests, ...answering.requests];
  t.same(seen.sort(), keys.map((key) => `POST ${key}`).sort(), 'each was seen once, by one of them');

  for (let index = 0; index < 8; index += 1) t.equal((await send(url, '/v1/orders')).status, 200);
  t.ok(losing.requests.includes('GET '), 'one went to the one that closes, and on from there');
});

await t.test('without any replica the gateway says so, and lives', async (t) => {
  const nobody = { http: NOBODY, grpc: NOBODY };
  const { url } = await Gateway.start(t, [nobody, nobody]);
  isProblem(t, await send(url, '/v1/orders', { body: {} }), 'instance-lost');
  isProblem(t, await send(url, '/readyz'), 'instance-lost');
  t.equal((await send(url, '/livez')).status, 200);
});
