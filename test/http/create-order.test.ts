import t from 'tap';
import { derivedOrderId } from '../../src/order/ids.ts';
import { anOrder } from '../support/order-client.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp, type HttpUnderTest } from './http-under-test.ts';

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function create({ app }: HttpUnderTest, headers: Record<string, string> = {}, order: unknown = anOrder()) {
  return app.inject({ method: 'POST', url: '/v1/orders', headers, payload: order as object });
}

await t.test('an order is accepted once the log holds it, and its Location leads to it', async (t) => {
  const http = await startHttp(t);
  const response = await create(http);
  t.equal(response.statusCode, 202);
  const body = response.json<Record<string, unknown>>();
  t.strictSame(Object.keys(body).sort(), ['createdAt', 'currency', 'id', 'status', 'total']);
  t.match(body, { status: 'accepted', total: 50_000, currency: 'INR', createdAt: RFC3339_UTC });
  t.match(response.headers.location, new RegExp(`^/v1/orders/${String(body.id)}\\?position=\\d+-\\d+$`));
  t.notOk(response.headers['idempotent-replayed']);
  t.equal(http.appended.length, 1);
  t.equal(http.appended[0]?.key, body.id);
  const read = await http.app.inject(String(response.headers.location));
  t.same(read.json(), { id: body.id, status: 'accepted', version: 0 });
});

await t.test('a repeat with the same key finds the first, quoted or not', async (t) => {
  const http = await startHttp(t);
  const first = await create(http, { 'idempotency-key': 'k-1' });
  const second = await create(http, { 'idempotency-key': '"k-1"' });
  t.equal(second.statusCode, 202);
  t.equal(second.headers['idempotent-replayed'], 'true');
  t.strictSame(second.json(), first.json());
  t.equal(second.headers.location, first.headers.location);
  t.equal(http.appended.length, 1);
  t.match(await http.metrics.ordersAcknowledged.get(), { values: [{ value: 1 }] });
});

await t.test('a repeat after the order was stored has a bare Location', async (t) => {
  const http = await startHttp(t);
  const first = await create(http, { 'idempotency-key': 'k-1' });
  await http.process();
  const other = await startReplica(t, http);
  const second = await create(other, { 'idempotency-key': 'k-1' });
  t.match(second.headers, { 'idempotent-replayed': 'true', location: `/v1/orders/${idOf(first)}` });
  t.strictSame(second.json(), first.json());
});

await t.test('the same key of another caller is another order', async (t) => {
  const http = await startHttp(t);
  const ids = [];
  for (const authorization of ['Bearer alice', 'Bearer bob', 'Bearer alice']) {
    ids.push(idOf(await create(http, { authorization, 'idempotency-key': 'k-1' })));
  }
  t.equal(ids[0], ids[2]);
  t.not(ids[0], ids[1]);
  t.equal(idOf(await create(http, { 'idempotency-key': 'k-1' })), derivedOrderId('anonymous', 'k-1'));
});

await t.test('the trace of the caller goes on in the event, and a broken one does not', async (t) => {
  const http = await startHttp(t);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await create(http, { traceparent });
  await create(http, { traceparent: 'nonsense' });
  const events = http.appended.map(({ value }) => JSON.parse(String(value)) as Record<string, unknown>);
  t.strictSame(
    events.map((event) => event.traceparent),
    [traceparent, undefined],
  );
});

await t.test('Prefer: wait answers 201 with the processed order', async (t) => {
  const http = await startHttp(t);
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

await t.test('Prefer: wait answers 202 when the order is not processed in time', async (t) => {
  const http = await startHttp(t);
  const response = await create(http, { prefer: 'wait=0' });
  t.equal(response.statusCode, 202);
  t.notOk(response.headers['preference-applied']);
});

await t.test('whoever waits is answered at once when the server closes', async (t) => {
  const http = await startHttp(t);
  const answering = create(http, { prefer: 'wait=30' });
  await eventually(() => http.hub.watcherCount === 1, { what: 'the request to wait' });
  const before = Date.now();
  await http.app.close();
  t.equal((await answering).statusCode, 202);
  t.ok(Date.now() - before < 20_000);
});

await t.test('a fault while waiting does not hide that the order is taken', async (t) => {
  const http = await startHttp(t);
  t.intercept(http.orderService, 'wait', {
    value: () => Promise.reject(new Error('the store is gone')),
  });
  t.equal((await create(http, { prefer: 'wait=1' })).statusCode, 202);
  t.match(http.logged, [{ msg: /could not wait/ }]);
});

async function startReplica(t: Parameters<typeof startHttp>[0], http: HttpUnderTest): Promise<HttpUnderTest> {
  const { orderService } = http.service.replica();
  return startHttp(t, { orderService });
}

function idOf(response: { json: () => { id: string } }): string {
  return response.json().id;
}
