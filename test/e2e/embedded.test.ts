import { connect } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { grpcJourney } from './grpc-journey.ts';
import { orderJourney } from './journey.ts';

await t.test('one process on the embedded log and SQLite', async (t) => {
  const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  await orderJourney(t, client);
  await grpcJourney(t, client, [service.grpcAddress ?? '']);
  t.same(await service.stop(), { code: 0, signal: null }, 'a clean shutdown');
});

await t.test(
  'a shutdown answers the requests in progress and does not wait for idle connections',
  async (t) => {
    const service = await ServiceProcess.start('all', {
      DATA_DIR: await temporaryFolder(t),
      ACK_TIMEOUT_MS: '3000',
      PROCESSOR: new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname,
    });
    t.teardown(() => service.kill());
    const { hostname, port } = new URL(service.url);
    const halfSent = connect(Number(port), hostname);
    t.teardown(() => halfSent.destroy());
    await once(halfSent, 'connect');
    halfSent.on('error', () => undefined);
    halfSent.write(
      'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );

    // Its processor always fails transiently, so the request is still waiting at the shutdown.
    const client = new OrderClient(service.url);
    const waiting = client.place(anOrder({ merchantId: 'transient-class' }), { prefer: 'wait=25' });
    await eventually(
      async () => (await client.get<string>('/metrics')).body.includes('outcome="retrying"} 1'),
      {
        what: 'the order to be retrying',
      },
    );
    const exit = service.stop();
    const answer = await waiting;
    t.equal(answer.status, 202);
    t.equal(answer.headers.get('connection'), 'close');
    t.same(await exit, { code: 0, signal: null }, 'within the deadline');
  },
);
