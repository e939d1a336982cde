import t, { type Test } from 'tap';
import { errorDetail } from '../../src/base/error-detail.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import type { RunProcessor } from '../../src/processing/processor.ts';
import type { Replica } from '../../src/store/replica-store.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp, type Changes, type HttpUnderTest } from './http-under-test.ts';

const ERROR = errorDetail(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
const LINE = 'fetch failed: connect ECONNREFUSED';
const OUTCOMES: Record<string, Outcome> = {
  fails: { status: 'failed', reason: LINE, error: ERROR },
  waits: { status: 'retry', reason: LINE, error: ERROR },
  'is-rejected': { status: 'rejected', reason: 'risk score 81' },
};

/** Chooses the outcome by the merchant. */
const runProcessor: RunProcessor = (attempts) =>
  Promise.resolve(
    new Map(
      [...attempts].map(({ command: { orderId, order } }) => [
        orderId,
        OUTCOMES[order.merchantId] ?? { status: 'confirmed', reason: null },
      ]),
    ),
  );

const CUSTOMER = { kind: 'customer', customerId: anOrder().customerId } as const;
const authenticator = new KnownCredentials({
  operator: aPrincipal({ name: 'operator' }),
  customer: aPrincipal({ name: 'customer', access: CUSTOMER }),
});

async function start(t: Test, changes: Changes = {}) {
  const http = await startHttp(t, { runProcessor, authenticator, ...changes });
  const get = async (url: string, token = 'operator') => {
    const response = await http.app.inject({ url, headers: bearer(token) });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };
  const place = async (merchantId: string) => {
    const payload = anOrder({ merchantId });
    const response = await http.app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: bearer('operator'),
      payload,
    });
    return response.json<{ id: string }>().id;
  };
  return { ...http, get, place };
}

await t.test('an order says where it is: waiting, retrying, failed or processed', async (t) => {
  const http = await start(t);
  const { get, place } = http;
  const ids = { ok: await place('ok'), fails: await place('fails'), waits: await place('waits') };
  const waiting = await get(`/v1/orders/${ids.ok}/processing`);
  t.match(waiting, {
    status: 200,
    body: {
      orderId: ids.ok,
      state: 'unprocessed',
      position: { topic: 'orders.commands', partition: Number, offset: Number },
      retry: null,
      deadLetters: [],
    },
  });
  const { position } = waiting.body as { position: { offset: number } };
  t.equal(waiting.body.recordsAhead, position.offset, 'nothing of its partition is processed yet');
  await http.process();
  t.match(await get(`/v1/orders/${ids.ok}/processing`), {
    body: { state: 'processed', position, recordsAhead: null, retry: null, deadLetters: [] },
  });
  t.match(await get(`/v1/orders/${ids.waits}/processing`), {
    body: {
      state: 'retrying',
      recordsAhead: null,
      retry: { attempts: 1, queuedEvents: 1, nextAttemptAt: /^20/, firstFailedAt: /^20/, error: ERROR },
    },
  });
  t.match(await get(`/v1/orders/${ids.fails}/processing`), {
    body: { state: 'failed', deadLetters: [{ reason: 'processor-failed', state: 'open', error: ERROR }] },
  });
  t.match(await get('/v1/orders/01a228a5-385e-7351-b4e1-96db801a082a/processing'), { status: 404 });
  t.match(await get('/v1/retrying-orders'), {
    body: { data: [{ orderId: ids.waits, error: ERROR }], nextCursor: null },
  });
  t.match(await get('/v1/retrying-orders?merchantId=ok'), { body: { data: [] } });
  t.match(await get('/v1/retrying-orders?cursor=x'), { status: 400, body: { code: 'cursor-invalid' } });
});

await t.test('customers get a fixed text in every body, operators the words of the processor', async (t) => {
  const http = await start(t);
  const { app, appended, get, place } = http;
  const [failed, rejected] = [await place('fails'), await place('is-rejected')];
  await http.process();
  const bodies = async (token: string) => {
    const urls = [failed, rejected].flatMap((id) => [`/v1/orders/${id}`, `/v1/orders/${id}/history`]);
    return Promise.all([...urls, '/v1/orders'].map(async (url) => (await get(url, token)).body));
  };
  const seen = JSON.stringify(await bodies('customer'));
  t.notMatch(seen, /ECONNREFUSED|fetch failed|risk score|TypeError/);
  const [failedText, rejectedText] = ['The order could not be processed.', 'The order was rejected.'];
  const data = [{ reason: rejectedText }, { reason: failedText }];
  t.match(await bodies('customer'), [
    { status: 'failed', reason: failedText },
    { data: [{ reason: failedText, attempts: 1, error: undefined }] },
    { status: 'rejected', reason: rejectedText },
    { data: [{ reason: rejectedText }] },
    { data },
  ]);
  t.match(await bodies('operator'), [
    { status: 'failed', reason: LINE },
    { data: [{ reason: LINE, attempts: 1, error: ERROR }] },
    { status: 'rejected', reason: 'risk score 81' },
    { data: [{ reason: 'risk score 81' }] },
    { data: [{ reason: 'risk score 81' }, { reason: LINE }] },
  ]);
  const keyed = { ...bearer('customer'), prefer: 'wait=5', 'idempotency-key': 'k' };
  const waiting = app.inject({
    method: 'POST',
    url: '/v1/orders',
    headers: keyed,
    payload: anOrder({ merchantId: 'fails' }),
  });
  await eventually(() => appended.length === 3, { what: 'the order to be appended' });
  await http.process();
  t.match((await waiting).json(), { status: 'failed', reason: failedText });
});

await t.test('partitions have their backlog and the replica that processes them', async (t) => {
  const { get, place, service } = await start(t);
  const { deadLetterPool: replicas } = service.deadLetters();
  const now = Date.now();
  await replicas.noteReplica(replica('old', { seenAt: now - 31_000, partitions: [0, 1, 2] }), 0);
  await replicas.noteReplica(replica('before', { seenAt: now - 5_000, partitions: [0, 1] }), 0);
  await replicas.noteReplica(replica('w-1', { seenAt: now, partitions: [1] }), 0);
  await place('ok');
  const partitions = async () => (await get('/v1/partitions')).body.data as Record<string, unknown>[];
  await eventually(async () => (await partitions()).some(({ lag }) => lag === 1), {
    what: 'the backlog to show',
  });
  const found = await partitions();
  t.equal(found.length, 3);
  t.match(
    found.map(({ owner }) => owner),
    [{ replica: 'before' }, { replica: 'w-1' }, null],
  );
  t.match(
    found.find(({ lag }) => lag === 1),
    { topic: 'orders.commands', start: 0, end: 1, progress: 0, oldestUnprocessedAt: /^20/ },
  );
  t.match(
    found.find(({ lag }) => lag === 0),
    { oldestUnprocessedAt: null },
  );
  const { body } = await get('/v1/replicas');
  t.match(body.data, [
    { id: 'before', role: 'worker', version: '1.2.3', node: '20.0.0', host: 'h', pid: 7, partitions: [0, 1] },
    { id: 'w-1', startedAt: '1970-01-01T00:00:00.002Z' },
  ]);
  t.match(await get('/v1/replicas?x=1'), { status: 400 });
});

await t.test('statistics say which version answers, and which dependency is down', async (t) => {
  const http = await start(t);
  const dependencies = async () => (await http.get('/v1/stats')).body.dependencies;
  t.match((await http.get('/v1/stats')).body, { version: '1.2.3', dependencies: { log: 'up', store: 'up' } });
  await http.service.log.stop();
  await isDown(http, 'log', dependencies);
  t.match(await dependencies(), { store: 'up' }, 'the store is asked although the log does not answer');
  t.match(await http.get('/v1/partitions'), { status: 503, body: { code: 'log-unavailable' } });
  await http.service.reader.close();
  await isDown(http, 'store', dependencies);
});

async function isDown(
  _: Pick<HttpUnderTest, 'app'>,
  name: string,
  dependencies: () => Promise<unknown>,
): Promise<void> {
  const isDown = async () => ((await dependencies()) as Record<string, string>)[name] === 'down';
  await eventually(isDown, { what: `${name} to be down`, timeoutMs: 2_000 });
}

function replica(id: string, changes: Partial<Replica>): Replica {
  const program = { role: 'worker', version: '1.2.3', node: '20.0.0', host: 'h', pid: 7 };
  return { id, ...program, startedAt: id === 'w-1' ? 2 : 1, seenAt: 1, partitions: [], ...changes };
}
