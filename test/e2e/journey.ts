import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, type OrderClient } from '../support/order-client.ts';

/** What every running service must do with any event log, store and role. */
export async function orderJourney(t: Test, client: OrderClient): Promise<void> {
  const confirmed = (path: string, status = 'confirmed') =>
    eventually(async () => (await client.order(path)).body.status === status, {
      what: `${path} to be ${status}`,
      timeoutMs: 30_000,
    });

  await t.test('an order is acknowledged, can be read at once, and is confirmed', async (t) => {
    const placed = await client.place();
    t.equal(placed.status, 202);
    t.match(placed.body, { status: 'accepted', total: 50_000, currency: 'INR' });
    const location = placed.headers.get('location') ?? '';
    const first = await client.order(location);
    t.equal(first.status, 200, 'an acknowledged order is never 404');
    await confirmed(location);
    const { body, headers } = await client.order(placed.body.id);
    t.match(body, { ...anOrder(), id: placed.body.id, version: 1, total: 50_000 });
    t.equal(headers.get('etag'), '"1"');
    t.match((await client.history(placed.body.id)).body, { data: [{ version: 1, status: 'confirmed' }] });
  });

  await t.test('a repeated key returns the first order; with another body it is refused', async (t) => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const [first, repeated] = await Promise.all([client.place(anOrder(), key), client.place(anOrder(), key)]);
    t.same([first.status, repeated.status], [202, 202]);
    t.equal(first.body.id, repeated.body.id);
    await confirmed(first.body.id);
    const later = await client.place(anOrder(), key);
    t.equal(later.body.id, first.body.id);
    t.equal(later.headers.get('idempotent-replayed'), 'true');
    t.equal((await client.place(anOrder({ merchantId: 'other' }), key)).status, 422);
    t.equal((await client.history(first.body.id)).body.data.length, 1);
  });

  await t.test('Prefer: wait returns the processed order', async (t) => {
    const { status, body, headers } = await client.place(anOrder(), { prefer: 'wait=20' });
    t.equal(status, 201);
    t.match(body, { status: 'confirmed', version: 1 });
    t.equal(headers.get('preference-applied'), 'wait=20');
  });

  await t.test('an order moves through its statuses; impossible transitions are refused', async (t) => {
    const { body } = await client.place(anOrder(), { prefer: 'wait=20' });
    t.equal((await client.transition(body.id, 'delivered')).status, 409);
    t.equal((await client.transition(body.id, 'preparing', { expectedVersion: 7 })).status, 412);
    for (const status of ['preparing', 'dispatched', 'delivered']) {
      t.equal((await client.transition(body.id, status)).status, 202);
      await confirmed(body.id, status);
    }
    const { data } = (await client.history(body.id)).body;
    t.same(
      data.map(({ version, status }) => `${version} ${status}`),
      ['1 confirmed', '2 preparing', '3 dispatched', '4 delivered'],
    );
  });

  await t.test('an order can be cancelled before it is confirmed', async (t) => {
    const { body, headers } = await client.place();
    const path = headers.get('location') ?? '';
    const position = new URL(path, client.url).search;
    const cancel = await client.post(`/v1/orders/${body.id}/transitions${position}`, { to: 'cancelled' });
    t.equal(cancel.status, 202);
    await confirmed(path, 'cancelled');
    const { data } = (await client.history(body.id)).body;
    t.same(
      data.map(({ status }) => status),
      ['confirmed', 'cancelled'],
    );
  });

  await t.test('a batch has a result for each order, and the list pages through all of them', async (t) => {
    const customerId = `c-${crypto.randomUUID()}`;
    const orders = Array.from({ length: 25 }, () => anOrder({ customerId }));
    const { status, body } = await client.post<{ results: { status: number; id?: string }[] }>(
      '/v1/orders/batch',
      {
        orders: [...orders, { ...anOrder({ customerId }), currency: 'XXXX' }],
      },
    );
    t.equal(status, 207);
    t.same(
      body.results.map((result) => result.status),
      [...orders.map(() => 202), 400],
    );
    interface Page {
      data: { id: string }[];
      nextCursor: string | null;
    }
    const page = (cursor = '') =>
      client.get<Page>(
        `/v1/orders?customerId=${customerId}&limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
    const allIds = async () => {
      const ids: string[] = [];
      for (let next: string | null = ''; next !== null;) {
        const { body: found } = await page(next);
        ids.push(...found.data.map(({ id }) => id));
        next = found.nextCursor;
      }
      return ids;
    };
    await eventually(async () => (await allIds()).length === 25, { what: 'all 25 to be listed' });
    t.same(
      new Set(await allIds()),
      new Set(body.results.flatMap(({ id }) => (id === undefined ? [] : [id]))),
    );
  });
}
