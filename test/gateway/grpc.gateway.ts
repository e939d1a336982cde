import { readFile } from 'node:fs/promises';
import { credentials, status } from '@grpc/grpc-js';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { HealthClient, type Watched } from './health-client.ts';
import { HealthServer } from './health-server.ts';
import { Gateway } from './nginx.ts';

/** Each answers to this name with another status, so that a stream tells which of them it is on. */
const WHO = 'who';
const NOBODY = '127.0.0.1:1';

const first = await HealthServer.start(t, { [WHO]: 'SERVING', '': 'SERVING' });
const second = await HealthServer.start(t, { [WHO]: 'NOT_SERVING', '': 'SERVING' });
const replicas = [first, second].map(({ address }) => ({ http: NOBODY, grpc: address }));
const gateway = await Gateway.start(t, replicas, { tls: true });

const hasBegun = (streams: Watched[]) =>
  eventually(() => streams.every(({ statuses }) => statuses.length > 0), { what: 'the streams to begin' });

await t.test('streams go to both replicas, and what they say comes at once', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 6 }, () => client.watch(WHO));
  await hasBegun(streams);
  t.same(new Set(streams.map(({ statuses }) => statuses[0])), new Set(['SERVING', 'NOT_SERVING']));
  // One message a stream, far smaller than any buffer.
  for (const server of [first, second]) server.set({ [WHO]: 'UNKNOWN' });
  await eventually(() => streams.every(({ statuses }) => statuses[1] === 'UNKNOWN'), {
    what: 'the change on every stream',
  });
  first.set({ [WHO]: 'SERVING' });
  second.set({ [WHO]: 'NOT_SERVING' });
});

await t.test('TLS where a certificate is', async (t) => {
  const roots = credentials.createSsl(await readFile(gateway.certificatePath));
  t.equal(await new HealthClient(t, gateway.grpcTls, roots).check(''), status.OK);
});

await t.test('one connection carries more streams than the 128 that nginx takes by itself', async (t) => {
  // Gateways of their own, as each burst is most of what one address may send at once.
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

await t.test('calls over the limit are told so in the words of gRPC', async (t) => {
  // A gateway of its own: what is counted here is not to refuse the calls of other tests.
  const client = new HealthClient(t, (await Gateway.start(t, replicas)).grpc);
  await eventually(
    async () => {
      const codes = await Promise.all(Array.from({ length: 400 }, () => client.check('')));
      return codes.includes(status.RESOURCE_EXHAUSTED);
    },
    { what: 'a call to be refused' },
  );
  await eventually(async () => (await client.check('')) === 0, { what: 'calls to be taken again' });
});

await t.test('a stream ends with its replica, and the next one is on the other', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 4 }, () => client.watch(WHO));
  await hasBegun(streams);
  const onFirst = streams.filter(({ statuses }) => statuses[0] === 'SERVING');
  const onSecond = streams.filter(({ statuses }) => statuses[0] === 'NOT_SERVING');
  t.match([onFirst.length > 0, onSecond.length > 0], [true, true]);
  await first.kill();
  // nginx says that a stream has ended with the next thing it has to say on the connection: a heartbeat, in the service.
  second.set({ [WHO]: 'UNKNOWN' });
  await eventually(() => onFirst.every(({ code }) => code !== undefined && code !== 0), {
    what: 'the streams of the lost replica to fail',
  });
  const again = onFirst.map(() => client.watch(WHO));
  await hasBegun(again);
  t.ok(again.every(({ statuses }) => statuses[0] === 'UNKNOWN'));
  t.ok(
    onSecond.every(({ code }) => code === undefined),
    'the others go on',
  );

  await second.kill();
  await eventually(() => again.every(({ code }) => code !== undefined), { what: 'the last streams to fail' });
  t.equal(await client.check(''), status.UNAVAILABLE);
});
