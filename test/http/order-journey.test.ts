import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

type Body = Record<string, unknown>;

const http = await startHttp(t);

async function create(order = anOrder()) {
  const response = await http.app.inject({ method: 'POST', url: '/v1/orders', payload: order });
  return { id: response.json<{ id: string }>().id, location: String(response.headers.location) };
}

async function move(id: string, body: Body) {
  const response = await http.app.inject({
    method: 'POST',
    url: `/v1/orders/${id}/transitions`,
    payload: body,
  });
  return { status: response.statusCode, headers: response.headers, body: response.json<Body>() };
}

// First, because it counts every order of the store.
await t.test('orders are listed newest first, with filters and pages', async (t) => {
  const before = new Date(Date.now() - 60_000).toISOString();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    ids.push((await create(anOrder({ customerId: index === 2 ? 'c-2' : 'c-1' }))).id);
  }
  await http.process();
  const list = async (query: string) => {
    const response = await http.app.inject(`/v1/orders?${query}`);
    t.equal(response.statusCode, 200, query);
    return response.json<{ data: Body[]; nextCursor: string | null }>();
  };

  const seen: unknown[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await list(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  t.strictSame([...seen].sort(), [...ids].sort());
  t.match(await list('customerId=c-2'), {
    data: [{ id: ids[2], ...anOrder({ customerId: 'c-2' }) }],
    nextCursor: null,
  });
  t.equal((await list('')).data.length, 5);
  t.equal((await list('status=confirmed&merchantId=m-9')).data.length, 5);
  t.equal((await list('status=cancelled')).data.length, 0);
  t.equal((await list(`createdAfter=${before}`)).data.length, 5);
  t.equal((await list(`createdBefore=${before}`)).data.length, 0);
  t.equal((await list(`createdAfter=${before.replace('Z', '%2B00:00').toLowerCase()}`)).data.length, 5);
});

await t.test('an order is read, moved on, and has a history', async (t) => {
  const { app } = http;
  const { id, location } = await create();

  const accepted = await app.inject(location);
  t.equal(accepted.headers.etag, '"0"');
  t.match(accepted.json(), { id, status: 'accepted', version: 0 });
  t.strictSame((await app.inject(`/v1/orders/${id}/history`)).json(), { data: [] });

  await http.process();
  const confirmed = await app.inject(`/v1/orders/${id.toUpperCase()}`);
  t.equal(confirmed.headers.etag, '"1"');
  const body = confirmed.json<Body>();
  t.match(body, { id, ...anOrder(), status: 'confirmed', version: 1, total: 50_000 });
  t.strictSame(
    Object.keys(body).sort(),
    [...Object.keys(anOrder()), 'id', 'status', 'version', 'total', 'createdAt', 'updatedAt'].sort(),
    'no internal field is shown',
  );

  const moved = await move(id, { to: 'preparing', reason: 'In the kitchen', expectedVersion: 1 });
  t.equal(moved.status, 202);
  t.strictSame(moved.body, { id, status: 'confirmed', version: 1, requested: 'preparing' });
  t.match(moved.headers.location, new RegExp(`^/v1/orders/${id}\\?position=`));
  await http.process();
  t.match((await app.inject(String(moved.headers.location))).json(), { status: 'preparing', version: 2 });

  const at = /^\d{4}-\d\d-\d\dT.*Z$/;
  t.match((await app.inject(`/v1/orders/${id}/history`)).json(), {
    data: [
      { version: 1, status: 'confirmed', at, reason: null },
      { version: 2, status: 'preparing', at, reason: 'In the kitchen' },
    ],
  });
});

await t.test('a transition that the stored order rules out is refused at once', async (t) => {
  const { id } = await create();
  await http.process();
  const before = http.appended.length;
  t.match(await move(id, { to: 'delivered' }), {
    status: 409,
    body: { code: 'transition-not-allowed' },
  });
  t.match(await move(id, { to: 'preparing', expectedVersion: 7 }), {
    status: 412,
    body: { code: 'version-mismatch' },
  });
  t.equal(http.appended.length, before);
});

await t.test(
  'an order that is still accepted can be cancelled at once, on another replica too',
  async (t) => {
    const { id, location } = await create();
    const other = await startHttp(t, { api: { orderService: http.service.replica().orderService } });
    const position = location.split('?')[1] ?? '';
    const response = await other.app.inject({
      method: 'POST',
      url: `/v1/orders/${id}/transitions?${position}`,
      payload: { to: 'cancelled' },
    });
    t.match([response.statusCode, response.json()], [202, { status: 'accepted', version: 0 }]);
    await http.process();
    t.match((await http.app.inject(location)).json(), { status: 'cancelled', version: 2 });
  },
);

await t.test('a reader that has the current version gets 304, on GET and on HEAD', async (t) => {
  const { location } = await create();
  await http.process();
  for (const method of ['GET', 'HEAD'] as const) {
    const response = await http.app.inject({
      method,
      url: location,
      headers: { 'if-none-match': '"7", W/"1"' },
    });
    t.match([response.statusCode, response.body, response.headers.etag], [304, '', '"1"'], method);
  }
  const changed = await http.app.inject({ url: location, headers: { 'if-none-match': '"0"' } });
  t.equal(changed.statusCode, 200);
  const head = await http.app.inject({ method: 'HEAD', url: location });
  t.match([head.statusCode, head.body], [200, '']);
  t.equal(Number(head.headers['content-length']), Buffer.byteLength(changed.body));
});

await t.test('an order without name and metadata comes back without them', async (t) => {
  const order = anOrder({ metadata: undefined, items: [{ sku: 'a', quantity: 1, unitPrice: 0 }] });
  const { location } = await create(order);
  await http.process();
  const body = (await http.app.inject(location)).json<Body>();
  t.notOk('metadata' in body);
  t.strictSame(body.items, [{ sku: 'a', quantity: 1, unitPrice: 0 }]);
});
