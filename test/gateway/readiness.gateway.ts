import t from 'tap';
import { Gateway } from './nginx.ts';
import { isProblem } from './problem.ts';
import { send } from './send.ts';
import { StandIn } from './stand-in.ts';

const NOBODY = '127.0.0.1:1';

await t.test('of three replicas one is ready, and so is the gateway', async (t) => {
  const unready = { answers: true, status: 503 };
  const standIns = [
    await StandIn.start(t, unready),
    await StandIn.start(t, unready),
    await StandIn.start(t, { answers: true }),
  ];
  const { url } = await Gateway.start(
    t,
    standIns.map(({ address }) => ({ http: address, grpc: NOBODY })),
  );
  // They take turns at being asked first.
  for (let turn = 0; turn < 9; turn += 1) t.equal((await send(url, '/readyz')).status, 200);
  t.ok(
    standIns.every(({ requests }) => requests.length > 0),
    'the others were asked, too',
  );
});

await t.test('of three replicas none can be reached', async (t) => {
  const nobody = { http: NOBODY, grpc: NOBODY };
  const { url } = await Gateway.start(t, [nobody, nobody, nobody]);
  isProblem(t, await send(url, '/readyz'), 'instance-lost');
});
