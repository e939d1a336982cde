import { createServer, type AddressInfo } from 'node:net';
import { EventEmitter, once } from 'node:events';
import type { KafkaConsumer } from 'node-rdkafka';
import t from 'tap';
import { reachBroker } from '../../../src/log/kafka/reach-broker.ts';
import { LostBrokers } from '../../../src/log/kafka/lost-brokers.ts';
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

await t.test(
  'calls of a consumer that has lost its brokers are made once a broker can be reached',
  async (t) => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new EventEmitter() as EventEmitter & Pick<KafkaConsumer, 'on'>;
    const brokers = new LostBrokers(client, `127.0.0.1:${port}`);
    let calls = 0;
    const call = () => brokers.guard(() => Promise.resolve((calls += 1)));
    server.close();
    await once(server, 'close');
    t.equal(await call(), 1, 'before they are lost');
    client.emit('event.error', { message: 'all broker connections are down' });
    await t.rejects(call());
    t.equal(calls, 1);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    t.equal(await call(), 2);
    server.close();
    await once(server, 'close');
    t.equal(await call(), 3, 'the brokers were back');
  },
);
