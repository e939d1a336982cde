import { randomUUID } from 'node:crypto';
import t from 'tap';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

const { customerId, merchantId } = anOrder();
const authenticator = new KnownCredentials({
  customer: aPrincipal({ name: 'customer', access: { kind: 'customer', customerId } }),
  merchant: aPrincipal({ name: 'merchant', access: { kind: 'merchant', merchantId } }),
  stranger: aPrincipal({ name: 'stranger', access: { kind: 'customer', customerId: 'c-other' } }),
  shop: aPrincipal({ name: 'shop', access: { kind: 'merchant', merchantId: 'm-other' } }),
});
const http = await startHttp(t, { authenticator });
const { app } = http;

async function send(token: string, method: 'GET' | 'POST', url: string, payload?: object) {
  const response = await app.inject({ method, url, headers: bearer(token), ...(payload && { payload }) });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
}

const placed = await send('customer', 'POST', '/v1/orders', anOrder());
const id = String(placed.body.id);

/** Requests that show or change one order. */
const USES: ((id: string) => ['GET' | 'POST', string, object?])[] = [
  (id) => ['GET', `/v1/orders/${id}`],
  (id) => ['GET', `/v1/orders/${id}/history`],
  (id) => ['GET', `/v1/order-events?orderId=${id}`],
  (id) => ['POST', `/v1/orders/${id}/transitions`, { to: 'cancelled' }],
];

for (const state of ['accepted', 'stored']) {
  await t.test(
    `an order of another caller that is ${state} gets the same answer as one that does not exist`,
    async (t) => {
      if (state === 'stored') await http.process();
      for (const use of USES) {
        const unknownId = randomUUID();
        const answerTo = async (token: string, id: string) => {
          const { status, body } = await send(token, ...use(id));
          return JSON.stringify([status, { ...body, requestId: undefined }]).replaceAll(id, '<id>');
        };
        const unknown = await answerTo('customer', unknownId);
        t.match(unknown, /^\[404,.*order-not-found/);
        for (const token of ['stranger', 'shop']) t.equal(await answerTo(token, id), unknown, use(id)[1]);
      }
      for (const token of ['customer', 'merchant']) {
        t.match(await send(token, 'GET', `/v1/orders/${id}`), { status: 200, body: { id } });
      }
    },
  );
}

await t.test(
  'a list has the orders of its caller only, and its cursor is good for this caller only',
  async (t) => {
    await send('customer', 'POST', '/v1/orders', anOrder());
    await http.process();
    for (const token of ['customer', 'merchant']) {
      const { body } = await send(token, 'GET', '/v1/orders?limit=1');
      t.match(body, { data: [{ customerId, merchantId }], nextCursor: String });
      const next = `/v1/orders?limit=1&cursor=${String(body.nextCursor)}`;
      t.match(await send(token, 'GET', next), { status: 200, body: { data: [{ id }], nextCursor: null } });
      t.match(await send('stranger', 'GET', next), { status: 400, body: { code: 'cursor-invalid' } });
    }
    for (const url of ['/v1/orders', `/v1/orders?customerId=${customerId}`]) {
      t.match(await send('stranger', 'GET', url), { status: 200, body: { data: [], nextCursor: null } });
    }
  },
);

await t.test('orders are placed for the caller only, each order of a batch on its own', async (t) => {
  const refused = { status: 403, code: 'access-denied' };
  const appended = http.appended.length;
  t.match(await send('stranger', 'POST', '/v1/orders', anOrder()), { status: 403, body: refused });
  t.match(await send('shop', 'POST', '/v1/orders', anOrder()), { status: 403, body: refused });
  const orders = [anOrder(), anOrder({ customerId: 'c-other' }), anOrder()];
  t.match((await send('stranger', 'POST', '/v1/orders/batch', { orders })).body, {
    results: [
      { index: 0, status: 403, problem: refused },
      { index: 1, status: 202, id: String },
      { index: 2, status: 403, problem: refused },
    ],
  });
  t.equal(http.appended.length, appended + 1);
});

await t.test('a customer may request only a cancellation', async (t) => {
  const url = `/v1/orders/${id}/transitions`;
  t.match(await send('customer', 'POST', url, { to: 'preparing' }), {
    status: 403,
    body: { code: 'access-denied' },
  });
  t.match(await send('merchant', 'POST', url, { to: 'preparing' }), { status: 202 });
});
