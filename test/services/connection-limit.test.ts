import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { ConnectionLimit } from '../../src/services/connection-limit.ts';
import { eventually } from '../../tools/support/eventually.ts';

await t.test('connections over the limit of all addresses together are closed and counted', async (t) => {
  const metrics = createMetrics();
  const callers = new Callers(['127.0.0.3']);
  const limit = new ConnectionLimit({ protocol: 'grpc', callers, maxPerAddress: 9, maxTotal: 2, metrics });
  const server = createServer((socket) => {
    if (limit.admit(socket)) socket.write('admitted');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const isAdmitted = async (localAddress: string): Promise<boolean> => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    sockets.push(socket);
    const closed = once(socket, 'close').then(() => false);
    return Promise.race([once(socket, 'data').then(() => true), closed]);
  };
  t.equal(await isAdmitted('127.0.0.1'), true);
  t.equal(await isAdmitted('127.0.0.3'), true, 'a trusted proxy, which counts as well');
  t.equal(await isAdmitted('127.0.0.2'), false);
  t.match((await metrics.connectionsRefused.get()).values, [
    { labels: { protocol: 'grpc', reason: 'total' }, value: 1 },
  ]);
  sockets[1]?.destroy();
  await eventually(() => isAdmitted('127.0.0.2'), { what: 'the place to be free' });
});
