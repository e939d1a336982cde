import t from 'tap';
import { Gateway } from './nginx.ts';
import { assertProblem } from './assert-problem.ts';
import { send } from './send.ts';
import { FakeReplica } from './fake-replica.ts';

const CLOSED_ADDRESS = '127.0.0.1:1';

await t.test('the gateway is ready while one of three replicas is', async (t) => {
  const unready = { responds: true, status: 503 };
  const replicas = [
    await FakeReplica.start(t, unready),
    await FakeReplica.start(t, unready),
    await FakeReplica.start(t, { responds: true }),
  ];
  const { url } = await Gateway.start(
    t,
    replicas.map(({ address }) => ({ http: address, grpc: CLOSED_ADDRESS })),
  );
  // Each replica takes its turn.
  for (let request = 0; request < 9; request += 1) t.equal((await send(url, '/readyz')).status, 200);
  t.ok(
    replicas.every(({ requests }) => requests.length > 0),
    'every replica was asked',
  );
});

await t.test('the gateway is not ready when no replica can be reached', async (t) => {
  const closed = { http: CLOSED_ADDRESS, grpc: CLOSED_ADDRESS };
  const { url } = await Gateway.start(t, [closed, closed, closed]);
  assertProblem(t, await send(url, '/readyz'), 'instance-lost');
});
