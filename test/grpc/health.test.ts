import { promisify } from 'node:util';
import { credentials, makeGenericClientConstructor, status, type ClientReadableStream } from '@grpc/grpc-js';
import { service as Health } from 'grpc-health-check';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { startGrpc } from './grpc-under-test.ts';

type Unary = (request: object, done: (error: Error | null, answer: { status: string }) => void) => void;
type Streaming = (request: object) => ClientReadableStream<{ status: string }>;

function healthClient(t: Test, address: string) {
  const Client = makeGenericClientConstructor(Health, 'Health');
  const client = new Client(address, credentials.createInsecure());
  t.teardown(() => client.close());
  const ask = promisify((client.check as Unary).bind(client));
  return {
    check: async (service: string) => (await ask({ service })).status,
    watch(service: string) {
      const statuses: string[] = [];
      const call = (client.watch as Streaming).call(client, { service });
      const watched = { statuses, ended: '' };
      call.on('data', (answer: { status: string }) => statuses.push(answer.status));
      call.on('error', () => undefined);
      call.on('status', ({ code }: { code: number }) => (watched.ended = status[code] ?? ''));
      return watched;
    },
  };
}

await t.test('it serves while it is ready, and tells watchers', async (t) => {
  let isReady = true;
  const { address, server, metrics } = await startGrpc(t, {
    isReady: () => (isReady ? Promise.resolve(true) : Promise.reject(new Error('The store is away.'))),
    healthCheckMs: 5,
  });
  const health = healthClient(t, address);
  for (const service of ['', 'orders.v1.OrderService', 'orders.v1.OrderWatch']) {
    t.equal(await health.check(service), 'SERVING');
  }
  await t.rejects(health.check('orders.v1.Nothing'), { code: status.NOT_FOUND });
  const [whole, unknown] = [health.watch(''), health.watch('orders.v1.Nothing')];
  await eventually(() => whole.statuses.length === 1 && unknown.statuses.length === 1, {
    what: 'the first status',
  });
  isReady = false;
  await eventually(() => whole.statuses.length === 2, { what: 'the change' });
  t.equal(await health.check('orders.v1.OrderWatch'), 'NOT_SERVING');
  isReady = true;
  await eventually(() => whole.statuses.length === 3, { what: 'the change back' });
  await server.stop(20_000);
  await eventually(() => whole.ended === 'UNAVAILABLE', { what: 'the end of the stream' });
  t.same(whole.statuses, ['SERVING', 'NOT_SERVING', 'SERVING', 'NOT_SERVING'], 'the stop comes first');
  t.same(unknown.statuses, ['SERVICE_UNKNOWN']);

  const open = (await metrics.grpcOpenStreams.get()).values;
  t.match(open, [{ labels: { grpc_service: 'grpc.health.v1.Health', grpc_method: 'Watch' }, value: 0 }]);
  const handled = (await metrics.grpcHandled.get()).values.map(
    ({ labels, value }) => `${labels.grpc_method ?? ''} ${labels.grpc_code ?? ''} ${value}`,
  );
  t.same(handled.sort(), ['Check NOT_FOUND 1', 'Check OK 4', 'Watch UNAVAILABLE 2']);
});

await t.test('a server that is not ready yet is NOT_SERVING', async (t) => {
  const { address } = await startGrpc(t, { isReady: () => Promise.resolve(false) });
  t.equal(await healthClient(t, address).check(''), 'NOT_SERVING');
});
