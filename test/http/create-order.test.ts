import t from 'tap';
import { derivedOrderId } from '../../src/order/ids.ts';
import { anOrder } from '../support/order-client.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp, type HttpUnderTest } from './http-under-test.ts';

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const http = await startHttp(t);

function create({ app }: HttpUnderTest, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: '/v1/orders', headers, payload: anOrder() });
}

await t.test('an order is accepted once the log holds it, and its Location leads to it', async (t) => {
  const response = await create(http);
  t.equal(response.statusCode, 202);
  const body = response.json<Record<string, unknown>>();
  t.strictSame(Object.keys(body).sort(), ['createdAt', 'currency', 'id', 'status', 'total']);
  t.match(body, { status: 'accepted', total: 50_000, currency: 'INR', createdAt: RFC3339_UTC });
  t.match(response.headers.location, new RegExp(`^/v1/orders/${String(body.id)}\\?position=\\d+-\\d+$`));
  t.notOk(response.headers['idempotent-replayed']);
  t.match(http.appended.splice(0), [{ key: body.id }]);
  const read = await http.app.inject(String(response.headers.location));
  t.same(read.json(), { id: body.id, status: 'accepted', version: 0 });
});

await t.test('a retry with the same key finds the first order, quoted or not', async (t) => {
  const acknowledged = async () => (await http.metrics.ordersAcknowledged.get()).values[0]?.value ?? 0;
  const before = await acknowledged();
  const first = await create(http, { 'idempotency-key': 'k-1' });
  const second = await create(http, { 'idempotency-key': '"k-1"' });
  t.equal(second.statusCode, 202);
  t.equal(second.headers['idempotent-replayed'], 'true');
  t.strictSame(second.json(), first.json());
  t.equal(second.headers.location, first.headers.location);
  t.equal(http.appended.splice(0).length, 1);
  t.equal(await acknowledged(), before + 1);

  await t.test('also on another replica once it is stored, then with a bare Location', async (t) => {
    await http.process();
    const other = await startHttp(t, { api: { orderService: http.service.replica().orderService } });
    const third = await create(other, { 'idempotency-key': 'k-1' });
    t.match(third.headers, { 'idempotent-replayed': 'true', location: `/v1/orders/${idOf(first)}` });
    t.strictSame(third.json(), first.json());
  });
});

await t.test('while authentication is off, all callers share their keys', async (t) => {
  const ids = new Set<string>();
  for (const headers of [{}, { authorization: 'Bearer alice' }] as Record<string, string>[]) {
    ids.add(idOf(await create(http, { ...headers, 'idempotency-key': 'k-2' })));
  }
  t.strictSame([...ids], [derivedOrderId('anonymous', 'k-2')]);
});

await t.test("the event carries the caller's traceparent, unless it is malformed", async (t) => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  http.appended.splice(0);
  await create(http, { traceparent });
  await create(http, { traceparent: 'nonsense' });
  const events = http.appended.map(({ value }) => JSON.parse(String(value)) as Record<string, unknown>);
  t.strictSame(
    events.map((event) => event.traceparent),
    [traceparent, undefined],
  );
});

await t.test('Prefer: wait answers 201 with the processed order', async (t) => {
  const answering = create(http, { prefer: 'respond-async, wait="10"' });
  await eventually(() => http.hub.watcherCount === 1, { what: 'the request to wait' });
  await http.process();
  const response = await answering;
  t.equal(response.statusCode, 201);
  t.equal(response.headers['preference-applied'], 'wait=10');
  t.match(response.headers.location, /\?position=/);
  t.match(response.json(), { ...anOrder(), status: 'confirmed', version: 1, updatedAt: RFC3339_UTC });
  t.equal(http.hub.watcherCount, 0);
});

await t.test('Prefer: wait answers 202 if the order is not processed in time', async (t) => {
  const response = await create(http, { prefer: 'wait=0' });
  t.equal(response.statusCode, 202);
  t.notOk(response.headers['preference-applied']);
});

await t.test('an error while waiting does not hide that the order is accepted', async (t) => {
  t.intercept(http.orderService, 'wait', {
    value: () => Promise.reject(new Error('the store is gone')),
  });
  t.equal((await create(http, { prefer: 'wait=1' })).statusCode, 202);
  t.match(http.logged, [{ msg: /could not wait/ }]);
});

await t.test('a waiting request is answered at once when the server closes', async (t) => {
  const answering = create(http, { prefer: 'wait=30' });
  await eventually(() => http.hub.watcherCount === 1, { what: 'the request to wait' });
  const before = Date.now();
  await http.app.close();
  t.equal((await answering).statusCode, 202);
  t.ok(Date.now() - before < 20_000);
});

function idOf(response: { json: () => { id: string } }): string {
  return response.json().id;
}
