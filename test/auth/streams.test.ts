import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { startGrpc } from '../grpc/grpc-under-test.ts';
import { startHttp } from '../http/http-under-test.ts';
import { EventSourceReader, type OrderEvent } from '../support/event-source.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { decodedError } from '../support/grpc-error.ts';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { makeAuthenticator } from './make-authenticator.ts';

/** Seconds; the first stream begins well before. */
const EXPIRES_IN = 3;

async function startIssuer(t: Test) {
  const issuer = await TokenIssuer.start(t);
  return {
    issuer,
    authenticator: await makeAuthenticator(t, { tokens: issuer.config({ clockToleranceMs: 0 }) }),
  };
}

function expiryOf(token: string): number {
  const [, payload = ''] = token.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number }).exp * 1000;
}

/** @returns whether a stream that has just ended did so in the second after the token's expiry */
function endsInTime(t: Test, token: string): void {
  const late = Date.now() - expiryOf(token);
  t.ok(late >= 0 && late <= 1_000, `it ended ${late} ms after the expiry`);
}

await t.test('server-sent events end with their token, and go on with the next one', async (t) => {
  const { issuer, authenticator } = await startIssuer(t);
  const http = await startHttp(t, { authenticator });
  const url = `${await http.app.listen({ host: '127.0.0.1', port: 0 })}/v1/order-events`;
  // An aborted fetch may leave a connection without a request, for which a server waits when it closes.
  t.teardown(() => http.app.server.closeAllConnections());
  const later = bearer(await issuer.token());
  const place = async () => {
    const request = { method: 'POST', url: '/v1/orders', payload: anOrder(), headers: later } as const;
    const { id } = (await http.app.inject(request)).json<{ id: string }>();
    await http.process();
    return id;
  };
  const token = await issuer.token({ expiresIn: EXPIRES_IN });
  const reader = new EventSourceReader('', bearer(token));
  const events: OrderEvent[] = [];
  const ids: string[] = [];
  await new Promise<void>((resolve, reject) => {
    reader.read(url, (event) => events.push(event), resolve).then(() => endsInTime(t, token), reject);
  });
  ids.push(await place());
  await eventually(() => events.at(-1)?.event === 'problem', { what: 'the end of the token' });
  t.match(events.pop()?.data, { code: 'unauthenticated', status: 401, detail: /expired/ });
  ids.push(await place());
  const stale = new EventSourceReader(reader.lastEventId, bearer(token));
  await t.rejects(
    stale.read(url, () => undefined),
    /^401: /,
  );
  const resumed = new EventSourceReader(reader.lastEventId, later);
  const reading = resumed.read(url, (event) => events.push(event));
  await eventually(() => events.length >= ids.length, { what: 'the missed change' });
  ids.push(await place());
  await eventually(() => events.length >= ids.length, { what: 'the last change' });
  resumed.cut();
  await reading;
  t.strictSame(
    events.map(({ data }) => data.orderId),
    ids,
    'nothing is missed and nothing repeated',
  );
});

await t.test('gRPC streams end with their token, and go on with the next one', async (t) => {
  const { issuer, authenticator } = await startIssuer(t);
  const grpc = await startGrpc(t, { authenticator });
  const clientWith = async (token: string) => {
    const client = await GrpcClient.to(grpc.address, undefined, token);
    t.teardown(() => client.close());
    return client;
  };
  const later = await clientWith(await issuer.token());
  const place = async () => {
    const { id } = await later.create(anOrder());
    await grpc.process();
    return id;
  };
  const { id: watched } = await later.create(anOrder({ customerId: 'c-9' }));
  const token = await issuer.token({ expiresIn: EXPIRES_IN });
  const early = await clientWith(token);
  const [all, one] = [early.watchOrders({ customerId: 'c-123' }), early.watchOrder({ orderId: watched })];
  await Promise.all([all.begun(), one.received(1)]);
  const ids = [await place()];
  await all.received(1);
  for (const watcher of [all, one]) {
    t.match(decodedError(await watcher.ended()), {
      code: 'UNAUTHENTICATED',
      message: /expired/,
      details: { ErrorInfo: { reason: 'UNAUTHENTICATED' } },
    });
    endsInTime(t, token);
  }
  ids.push(await place());
  t.match(decodedError(await early.watchOrders().ended()), { code: 'UNAUTHENTICATED' });
  const resumed = later.watchOrders({ customerId: 'c-123', resumeToken: all.resumeToken });
  await resumed.received(1);
  ids.push(await place());
  await resumed.received(2);
  const changes = [...all.events, ...resumed.events].flatMap(({ change }) =>
    change ? [change.orderId] : [],
  );
  t.strictSame(changes, ids, 'nothing is missed and nothing repeated');
  const rest = later.watchOrder({ orderId: watched, resumeToken: one.resumeToken });
  t.strictSame(
    [...one.story, ...(await rest.received(one.story.length === 1 ? 1 : 0))],
    ['= accepted 0', 'confirmed 1'],
  );
});

await t.test('a stream that closes is not watched any more', async (t) => {
  const authenticator = new KnownCredentials({ ada: aPrincipal() });
  const http = await startHttp(t, { authenticator });
  const url = `${await http.app.listen({ host: '127.0.0.1', port: 0 })}/v1/order-events`;
  // An aborted fetch may leave a connection without a request, for which a server waits when it closes.
  t.teardown(() => http.app.server.closeAllConnections());
  const reader = new EventSourceReader('', bearer('ada'));
  let reading = Promise.resolve();
  await new Promise<void>((resolve) => {
    reading = reader.read(url, () => undefined, resolve);
  });
  t.equal(authenticator.watchers, 1);
  reader.cut();
  await reading;
  const { address } = await startGrpc(t, { authenticator });
  const client = await GrpcClient.to(address, undefined, 'ada');
  t.teardown(() => client.close());
  const watcher = client.watchOrders();
  await watcher.begun();
  t.ok(authenticator.watchers >= 1);
  watcher.cancel();
  await eventually(() => authenticator.watchers === 0, { what: 'both streams to be forgotten' });
});
