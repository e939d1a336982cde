import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

interface Result {
  index: number;
  status: number;
  id?: string;
  problem?: Record<string, unknown>;
}

let beforeAppend: () => void = () => undefined;
const http = await startHttp(t, { beforeAppend: () => beforeAppend() });
t.afterEach(() => {
  beforeAppend = () => undefined;
  http.appended.length = 0;
});

async function createBatch(orders: unknown[], headers: Record<string, string> = {}) {
  const response = await http.app.inject({
    method: 'POST',
    url: '/v1/orders/batch',
    headers,
    payload: { orders },
  });
  return { status: response.statusCode, results: response.json<{ results: Result[] }>().results };
}

await t.test('each order of a batch gets its own result, in order', async (t) => {
  const bad = anOrder({ items: [{ sku: 'a', quantity: 0, unitPrice: 1 }] });
  const { status, results } = await createBatch([anOrder(), bad, 7, anOrder()]);
  t.equal(status, 207);
  t.match(results, [
    { index: 0, status: 202, id: http.appended[0]?.key },
    {
      index: 1,
      status: 400,
      problem: { code: 'validation-failed', errors: [{ pointer: '/items/0/quantity' }] },
    },
    { index: 2, status: 400, problem: { errors: [{ pointer: '' }] } },
    { index: 3, status: 202, id: http.appended[1]?.key },
  ]);
  t.strictSame(Object.keys(results[0] ?? {}), ['index', 'status', 'id']);
  t.equal(http.appended.length, 2);
  t.match(await http.metrics.ordersAcknowledged.get(), { values: [{ value: 2 }] });
});

await t.test('each order of a batch has the limits of an order that comes alone', async (t) => {
  const big = { ...anOrder(), metadata: { a: 'x'.repeat(66_000) } };
  const deep = JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) as unknown;
  const manyPairs = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`k${index}`, 'v']));
  const { status, results } = await createBatch([
    anOrder(),
    big,
    { ...anOrder(), metadata: { a: 'x'.repeat(501) } },
    { ...anOrder(), metadata: manyPairs },
    { ...anOrder(), metadata: { a: deep } },
    anOrder(),
  ]);
  t.equal(status, 207);
  t.match(results, [
    { index: 0, status: 202 },
    { index: 1, status: 413, problem: { code: 'body-too-large', detail: /66\d{3} bytes.*65536/ } },
    { index: 2, status: 400, problem: { errors: [{ pointer: '/metadata/a' }] } },
    { index: 3, status: 400, problem: { errors: [{ pointer: '', detail: /field names/ }] } },
    { index: 4, status: 400, problem: { errors: [{ pointer: '', detail: /deeper/ }] } },
    { index: 5, status: 202 },
  ]);
  t.equal(http.appended.length, 2);
});

await t.test('an order of 64 KiB is accepted in a batch, as it is alone', async (t) => {
  const order = anOrder();
  const padded = JSON.stringify(order).padEnd(64 * 1024);
  const send = async (url: string, payload: string) =>
    http.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload });
  t.equal((await send('/v1/orders', padded)).statusCode, 202);
  t.match((await send('/v1/orders/batch', `{"orders":[${padded}]}`)).json(), { results: [{ status: 202 }] });
});

await t.test('malformed JSON in one order refuses the whole batch, and nothing is appended', async (t) => {
  const response = await http.app.inject({
    method: 'POST',
    url: '/v1/orders/batch',
    headers: { 'content-type': 'application/json' },
    payload: `{"orders":[${JSON.stringify(anOrder())},{"customerId":}]}`,
  });
  t.match([response.statusCode, response.json()], [400, { code: 'malformed-json', detail: /^Order 1: / }]);
  t.strictSame(http.appended, []);
});

await t.test('a repeated batch with the same key finds the same orders', async (t) => {
  const orders = [anOrder(), anOrder(), 'bad'];
  const first = await createBatch(orders, { 'idempotency-key': 'b-1' });
  const second = await createBatch(orders, { 'idempotency-key': 'b-1' });
  t.not(first.results[0]?.id, first.results[1]?.id, 'the same order twice in a batch is two orders');
  t.strictSame(second.results.slice(0, 2), first.results.slice(0, 2));
  t.equal(http.appended.length, 2);
  const single = await http.app.inject({
    method: 'POST',
    url: '/v1/orders',
    headers: { 'idempotency-key': 'b-1#1' },
    payload: anOrder(),
  });
  t.equal(single.json<Result>().id, first.results[1]?.id, 'the key of order i is <key>#<i>');
});

await t.test('a log that becomes full during a batch refuses only the rest', async (t) => {
  let room = 2;
  beforeAppend = () => {
    room -= 1;
    if (room < 0) throw new ServiceError('log-full', 'Too many appends are pending.');
  };
  const { results } = await createBatch([anOrder(), anOrder(), anOrder()]);
  t.strictSame(
    results.map(({ status }) => status),
    [202, 202, 503],
  );
  t.match(results[2]?.problem, { code: 'log-full', status: 503 });
});

await t.test('a defect is a logged 500 without internal details', async (t) => {
  beforeAppend = () => {
    throw new Error('secret of the inside');
  };
  const { results } = await createBatch([anOrder()]);
  t.match(results, [{ status: 500, problem: { code: 'internal' } }]);
  t.notMatch(JSON.stringify(results), /secret/);
  t.match(http.logged, [{ err: { message: 'secret of the inside' } }]);
});

await t.test('a batch takes 1000 orders', async (t) => {
  const { results } = await createBatch(Array.from({ length: 1000 }, () => anOrder()));
  t.ok(results.every(({ status }, index) => status === 202 && results[index]?.index === index));
  t.equal(new Set(results.map(({ id }) => id)).size, 1000);
});
