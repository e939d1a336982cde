import { readFile } from 'node:fs/promises';
import { credentials, status } from '@grpc/grpc-js';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { HealthClient, type Watched } from './health-client.ts';
import { FakeGrpcReplica } from './fake-grpc-replica.ts';
import { Gateway } from './nginx.ts';

/** Each replica has another status for this name, which shows where a stream is. */
const WHO = 'who';
const CLOSED_ADDRESS = '127.0.0.1:1';

const first = await FakeGrpcReplica.start(t, { [WHO]: 'SERVING', '': 'SERVING' });
const second = await FakeGrpcReplica.start(t, { [WHO]: 'NOT_SERVING', '': 'SERVING' });
const replicas = [first, second].map(({ address }) => ({ http: CLOSED_ADDRESS, grpc: address }));
const gateway = await Gateway.start(t, replicas, { tls: true });

const hasBegun = (streams: Watched[]) =>
  eventually(() => streams.every(({ statuses }) => statuses.length > 0), { what: 'the streams to begin' });

await t.test('streams are spread over both replicas, and messages are not buffered', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 6 }, () => client.watch(WHO));
  await hasBegun(streams);
  t.same(new Set(streams.map(({ statuses }) => statuses[0])), new Set(['SERVING', 'NOT_SERVING']));
  // One message a stream, smaller than any buffer.
  for (const server of [first, second]) server.set({ [WHO]: 'UNKNOWN' });
  await eventually(() => streams.every(({ statuses }) => statuses[1] === 'UNKNOWN'), {
    what: 'the change on every stream',
  });
  first.set({ [WHO]: 'SERVING' });
  second.set({ [WHO]: 'NOT_SERVING' });
});

await t.test('TLS is served with a certificate', async (t) => {
  const roots = credentials.createSsl(await readFile(gateway.certificatePath));
  t.equal(await new HealthClient(t, gateway.grpcTls, roots).check(''), status.OK);
});

await t.test('one connection carries more streams than the default of nginx (128)', async (t) => {
  // Separate gateways, since each burst nearly reaches the rate limit of an address.
  for (const isTls of [false, true]) {
    const { grpc, grpcTls, certificatePath } = await Gateway.start(t, replicas, { tls: isTls });
    const client = isTls
      ? new HealthClient(t, grpcTls, credentials.createSsl(await readFile(certificatePath)))
      : new HealthClient(t, grpc);
    const streams = Array.from({ length: 150 }, () => client.watch(''));
    await hasBegun(streams);
    t.same(new Set(streams.map(({ code }) => code)), new Set([undefined]), isTls ? 'TLS' : 'plain');
  }
});

await t.test('calls over the rate limit get RESOURCE_EXHAUSTED', async (t) => {
  // A separate gateway, so that other tests do not run into the limit.
  const client = new HealthClient(t, (await Gateway.start(t, replicas)).grpc);
  await eventually(
    async () => {
      const codes = await Promise.all(Array.from({ length: 400 }, () => client.check('')));
      return codes.includes(status.RESOURCE_EXHAUSTED);
    },
    { what: 'a call to be refused' },
  );
  await eventually(async () => (await client.check('')) === 0, { what: 'calls to be accepted again' });
});

await t.test('a stream ends with its replica; the next one goes to the other', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 4 }, () => client.watch(WHO));
  await hasBegun(streams);
  const onFirst = streams.filter(({ statuses }) => statuses[0] === 'SERVING');
  const onSecond = streams.filter(({ statuses }) => statuses[0] === 'NOT_SERVING');
  t.match([onFirst.length > 0, onSecond.length > 0], [true, true]);
  await first.kill();
  // nginx reports the end of a stream with the next frame on its connection. In the service that is a heartbeat.
  second.set({ [WHO]: 'UNKNOWN' });
  await eventually(() => onFirst.every(({ code }) => code !== undefined && code !== 0), {
    what: 'the streams of the lost replica to fail',
  });
  const again = onFirst.map(() => client.watch(WHO));
  await hasBegun(again);
  t.ok(again.every(({ statuses }) => statuses[0] === 'UNKNOWN'));
  t.ok(
    onSecond.every(({ code }) => code === undefined),
    'the other streams continue',
  );

  await second.kill();
  await eventually(() => again.every(({ code }) => code !== undefined), { what: 'the last streams to fail' });
  t.equal(await client.check(''), status.UNAVAILABLE);
});
