import { readFile } from 'node:fs/promises';
import { credentials, status } from '@grpc/grpc-js';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { HealthClient, HealthServer, type Watched } from './health-service.ts';
import { Gateway } from './nginx.ts';

/** Each answers to this name with another status, so that a stream tells which of them it is on. */
const WHO = 'who';
const NOBODY = '127.0.0.1:1';

const first = await HealthServer.start(t, { [WHO]: 'SERVING', '': 'SERVING' });
const second = await HealthServer.start(t, { [WHO]: 'NOT_SERVING', '': 'SERVING' });
const gateway = await Gateway.start(
  t,
  [first, second].map(({ address }) => ({ http: NOBODY, grpc: address })),
  { tls: true },
);

const hasBegun = (streams: Watched[]) =>
  eventually(() => streams.every(({ statuses }) => statuses.length > 0), { what: 'the streams to begin' });

await t.test('streams go to both replicas, and what they say comes at once', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 6 }, () => client.watch(WHO));
  await hasBegun(streams);
  t.same(new Set(streams.map(({ statuses }) => statuses[0])), new Set(['SERVING', 'NOT_SERVING']));
  // One message a stream, far smaller than any buffer.
  for (const { health } of [first, second]) health.setStatus(WHO, 'UNKNOWN');
  await eventually(() => streams.every(({ statuses }) => statuses[1] === 'UNKNOWN'), {
    what: 'the change on every stream',
  });
  first.health.setStatus(WHO, 'SERVING');
  second.health.setStatus(WHO, 'NOT_SERVING');
});

await t.test('TLS where a certificate is', async (t) => {
  const roots = credentials.createSsl(await readFile(gateway.certificatePath));
  t.equal(await new HealthClient(t, gateway.grpcTls, roots).check(''), status.OK);
});

await t.test('calls over the limit are told so in the words of gRPC', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  await eventually(
    async () => {
      const codes = await Promise.all(Array.from({ length: 400 }, () => client.check('')));
      return codes.includes(status.RESOURCE_EXHAUSTED);
    },
    { what: 'a call to be refused' },
  );
  await eventually(async () => (await client.check('')) === status.OK, { what: 'calls to be taken again' });
});

await t.test('a stream ends with its replica, and the next one is on the other', async (t) => {
  const client = new HealthClient(t, gateway.grpc);
  const streams = Array.from({ length: 4 }, () => client.watch(WHO));
  await hasBegun(streams);
  first.kill();
  const onFirst = streams.filter(({ statuses }) => statuses[0] === 'SERVING');
  t.ok(onFirst.length > 0);
  await eventually(() => onFirst.every(({ code }) => code !== undefined && code !== status.OK), {
    what: 'the streams of the lost replica to fail',
  });
  const again = onFirst.map(() => client.watch(WHO));
  await hasBegun(again);
  t.ok(again.every(({ statuses }) => statuses[0] === 'NOT_SERVING'));
  t.ok(streams.every((stream) => onFirst.includes(stream) || stream.code === undefined), 'the others go on');

  second.kill();
  await eventually(() => again.every(({ code }) => code !== undefined), { what: 'the last streams to fail' });
  t.equal(await client.check(''), status.UNAVAILABLE);
});
