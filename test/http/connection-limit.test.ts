import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp, type Changes } from './http-under-test.ts';

async function listening(t: Test, limits: Changes['limits']) {
  const { app, metrics } = await startHttp(t, { limits });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const open = async (from: string): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress: from });
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return { open, metrics };
}

/** The status line of a response; undefined if the server closes the connection instead. */
async function answerOf(socket: Socket): Promise<string | undefined> {
  const closed = once(socket, 'close');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answer: unknown = await Promise.race([once(socket, 'data').then(([data]) => String(data)), closed]);
  return typeof answer === 'string' ? answer.split('\r\n')[0] : undefined;
}

const OK = 'HTTP/1.1 200 OK';

await t.test('an address over its limit of connections gets no more until it closes one', async (t) => {
  const { open, metrics } = await listening(t, { maxConnectionsPerAddress: 2 });
  const [first, second] = [await open('127.0.0.1'), await open('127.0.0.1')];
  t.equal(await answerOf(first), OK);
  t.equal(await answerOf(second), OK);
  t.equal(await answerOf(await open('127.0.0.1')), undefined);
  t.match((await metrics.connectionsRefused.get()).values, [
    { labels: { protocol: 'http', reason: 'address' }, value: 1 },
  ]);
  t.equal(await answerOf(await open('127.0.0.2')), OK, 'another address');
  first.destroy();
  await eventually(async () => (await answerOf(await open('127.0.0.1'))) === OK, {
    what: 'the place to be free',
  });
});

await t.test('a trusted proxy, which has the connections of many callers, has no limit', async (t) => {
  const { open } = await listening(t, { maxConnectionsPerAddress: 2, trustProxy: '127.0.0.1' });
  for (let index = 0; index < 4; index += 1) t.equal(await answerOf(await open('127.0.0.1')), OK);
});
