import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { reachBroker } from '../../../src/log/kafka/reach-broker.ts';
import { WallClock } from '../../../src/log/kafka/wall-clock.ts';

await t.test('a clock that was set back is noticed until it has caught up', (t) => {
  let offset = 0;
  const clock = new WallClock(() => offset);
  const seen = [0, 500, 3_600_000, 3_599_500, 0, 3_600_001].map((next) => {
    offset = next;
    return clock.wasSetBack();
  });
  t.same(seen, [false, false, false, false, true, false]);
  t.end();
});

await t.test('a broker is reached if any of the addresses accepts a connection', async (t) => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await reachBroker(`127.0.0.1:1, PLAINTEXT://127.0.0.1:${port}`, 5_000);
  server.close();
  await once(server, 'close');
  await t.rejects(reachBroker(`127.0.0.1:${port},[::1]:1`, 5_000));
});
