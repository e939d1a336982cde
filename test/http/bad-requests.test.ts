import type { InjectOptions } from 'fastify';
import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';
import { operationOf, operationsOf, readDocument } from './openapi.ts';

type Request = InjectOptions & { url: string };

interface BadRequest {
  name: string;
  request: Request;
  status: number;
  code: string;
  pointer?: string;
}

const json = { 'content-type': 'application/json' };
const item = { sku: 'a', quantity: 1, unitPrice: 5 };
const UNKNOWN_ID = '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70';

function post(payload: unknown, url = '/v1/orders', headers: Record<string, string> = json): Request {
  const isRaw = typeof payload === 'string' || Buffer.isBuffer(payload);
  return { method: 'POST', url, headers, payload: isRaw ? payload : JSON.stringify(payload) };
}

/** The order in Latin-1, whose `é` is no UTF-8. */
const latin1 = Buffer.from(JSON.stringify({ ...anOrder(), metadata: { name: 'Café' } }), 'latin1');

function badOrder(name: string, changes: Record<string, unknown>, pointer: string): BadRequest {
  return {
    name,
    request: post({ ...anOrder(), ...changes }),
    status: 400,
    code: 'validation-failed',
    pointer,
  };
}

function badItem(name: string, changes: Record<string, unknown>, pointer: string): BadRequest {
  return badOrder(name, { items: [{ ...item, ...changes }] }, pointer);
}

function badQuery(query: string, pointer: string, code = 'validation-failed'): BadRequest {
  return { name: `the query ${query}`, request: { url: `/v1/orders?${query}` }, status: 400, code, pointer };
}

const malformed = { status: 400, code: 'malformed-json' };
const invalid = { status: 400, code: 'validation-failed' };

const BAD_REQUESTS: BadRequest[] = [
  { name: 'broken JSON', request: post('{"customerId":'), ...malformed },
  { name: 'an empty body with a content type', request: post(''), ...malformed },
  { name: 'no body at all', request: { method: 'POST', url: '/v1/orders' }, ...invalid, pointer: '' },
  { name: 'an array instead of an object', request: post('[]'), ...invalid, pointer: '' },
  { name: '__proto__ at the top', request: post('{"__proto__":{"a":1}}'), ...invalid, pointer: '/__proto__' },
  {
    name: 'an escaped __proto__ deep inside',
    request: post('{"metadata":{"\\u005f_proto__":"x"}}'),
    ...invalid,
    pointer: '/metadata/__proto__',
  },
  {
    name: 'constructor.prototype',
    request: post('{"items":[{"constructor":{"prototype":{}}}]}'),
    ...invalid,
    pointer: '/items/0/constructor',
  },
  badOrder('a missing field', { customerId: undefined }, '/customerId'),
  badOrder('a number as an id', { customerId: 123 }, '/customerId'),
  badOrder('an empty id', { customerId: '' }, '/customerId'),
  badOrder('an id of 65 characters', { merchantId: 'x'.repeat(65) }, '/merchantId'),
  badOrder('an id with a space', { merchantId: 'a b' }, '/merchantId'),
  badOrder('an unknown field', { discount: 5 }, '/discount'),
  badOrder('an id for the order', { id: UNKNOWN_ID }, '/id'),
  badOrder('an unknown currency', { currency: 'XYZ' }, '/currency'),
  badOrder('a currency in lower case', { currency: 'inr' }, '/currency'),
  badOrder('no items', { items: [] }, '/items'),
  badOrder('101 items', { items: Array.from({ length: 101 }, () => item) }, '/items'),
  badOrder('an object instead of items', { items: { 0: item } }, '/items'),
  badOrder('a number in metadata', { metadata: { a: 1 } }, '/metadata/a'),
  badOrder(
    '21 pairs of metadata',
    { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 'v'])) },
    '/metadata',
  ),
  badOrder('a metadata value of 501 characters', { metadata: { a: 'x'.repeat(501) } }, '/metadata/a'),
  badOrder(
    'a metadata key of 65 characters',
    { metadata: { ['k'.repeat(65)]: 'v' } },
    `/metadata/${'k'.repeat(65)}`,
  ),
  badOrder('a long unknown field', { ['k'.repeat(9_000)]: 1 }, `/${'k'.repeat(254)}…`),
  badOrder(
    'hundreds of metadata pairs',
    { metadata: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 'v'])) },
    '',
  ),
  {
    name: 'a deep body with __proto__ inside',
    request: post(`${'['.repeat(30_000)}{"__proto__":1}${']'.repeat(30_000)}`),
    ...invalid,
    pointer: '',
  },
  {
    name: '__proto__ as deep as an order may nest, below long names',
    request: post(`{"${'a'.repeat(300)}":{"__proto__":1}}`),
    ...invalid,
    pointer: `/${'a'.repeat(254)}…`,
  },
  { name: 'a body in Latin-1', request: post(latin1), ...malformed },
  { name: 'a batch in Latin-1', request: post(latin1, '/v1/orders/batch'), ...malformed },
  ...['charset=iso-8859-1', 'Charset="utf-16"', 'a=b; charset=utf-8; charset=latin1'].map((parameter) => ({
    name: `application/json; ${parameter}`,
    request: post(anOrder(), '/v1/orders', { 'content-type': `application/json; ${parameter}` }),
    status: 415,
    code: 'unsupported-media-type',
  })),
  ...['/v1/orders', '/v1/orders/batch'].flatMap((url) =>
    ['gzip', 'identity'].map((encoding) => ({
      name: `content encoding ${encoding} at ${url}`,
      request: post(anOrder(), url, { ...json, 'content-encoding': encoding }),
      status: 415,
      code: 'unsupported-media-type',
    })),
  ),
  badItem('a quantity of 0', { quantity: 0 }, '/items/0/quantity'),
  badItem('a quantity of 1001', { quantity: 1001 }, '/items/0/quantity'),
  badItem('a quantity as a string', { quantity: '2' }, '/items/0/quantity'),
  badItem('a fractional quantity', { quantity: 1.5 }, '/items/0/quantity'),
  badItem('a null quantity', { quantity: null }, '/items/0/quantity'),
  badItem('a negative price', { unitPrice: -1 }, '/items/0/unitPrice'),
  badItem('a fractional price', { unitPrice: 9.99 }, '/items/0/unitPrice'),
  badItem('a price over 1 000 000 000', { unitPrice: 1_000_000_001 }, '/items/0/unitPrice'),
  badItem('a name of 201 characters', { name: 'x'.repeat(201) }, '/items/0/name'),
  badItem('an unknown field of an item', { colour: 'red' }, '/items/0/colour'),
  badItem('a sku of 65 characters', { sku: 'x'.repeat(65) }, '/items/0/sku'),
  {
    name: 'a body over 64 KiB',
    request: post({ ...anOrder(), metadata: { a: 'x'.repeat(66_000) } }),
    status: 413,
    code: 'body-too-large',
  },
  {
    name: 'another content type',
    request: post('a=b', '/v1/orders', { 'content-type': 'application/x-www-form-urlencoded' }),
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    name: 'plain text',
    request: post('{}', '/v1/orders', { 'content-type': 'text/plain' }),
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    name: 'a body without a content type',
    request: post('{}', '/v1/orders', {}),
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    name: 'an unusable idempotency key',
    request: post(anOrder(), '/v1/orders', { ...json, 'idempotency-key': 'x'.repeat(256) }),
    status: 400,
    code: 'idempotency-key-invalid',
  },
  {
    name: 'a query parameter on a POST',
    request: post(anOrder(), '/v1/orders?dry=1'),
    ...invalid,
    pointer: '/dry',
  },
  badQuery('limit=abc', '/limit'),
  badQuery('limit=0', '/limit'),
  badQuery('limit=101', '/limit'),
  badQuery('limit=1.5', '/limit'),
  badQuery('limit=', '/limit'),
  badQuery('limit=01', '/limit'),
  badQuery('limit=1e1', '/limit'),
  badQuery('limit=1&limit=2', '/limit'),
  badQuery('customerId=a&customerId=b', '/customerId'),
  badQuery('customerId=', '/customerId'),
  badQuery('status=eaten', '/status'),
  badQuery('createdAfter=yesterday', '/createdAfter'),
  badQuery('createdAfter=2026-02-30T00:00:00Z', '/createdAfter'),
  badQuery('createdBefore=2026-01-01', '/createdBefore'),
  badQuery('createdBefore=2026-01-01T00:00:00Z[Europe/Paris]', '/createdBefore'),
  badQuery('createdBefore=1767225600000', '/createdBefore'),
  badQuery('cursor=bogus', '/cursor', 'cursor-invalid'),
  badQuery('cursor=', '/cursor'),
  badQuery('page=2', '/page'),
  {
    name: 'a malformed position',
    request: { url: `/v1/orders/${UNKNOWN_ID}?position=here` },
    status: 400,
    code: 'position-invalid',
    pointer: '/position',
  },
  {
    name: 'an unknown order',
    request: { url: `/v1/orders/${UNKNOWN_ID}` },
    status: 404,
    code: 'order-not-found',
  },
  { name: 'a malformed id', request: { url: '/v1/orders/42' }, status: 404, code: 'order-not-found' },
  {
    name: 'a path parameter longer than any id',
    request: { url: `/v1/orders/${'x'.repeat(500)}` },
    status: 404,
    code: 'route-not-found',
  },
  {
    name: 'the history of an unknown order',
    request: { url: `/v1/orders/${UNKNOWN_ID}/history` },
    status: 404,
    code: 'order-not-found',
  },
  {
    name: 'a transition of an unknown order',
    request: post({ to: 'cancelled' }, `/v1/orders/${UNKNOWN_ID}/transitions`),
    status: 404,
    code: 'order-not-found',
  },
  {
    name: 'a transition to a status that no request can reach',
    request: post({ to: 'confirmed' }, `/v1/orders/${UNKNOWN_ID}/transitions`),
    ...invalid,
    pointer: '/to',
  },
  {
    name: 'a reason of 201 characters',
    request: post({ to: 'cancelled', reason: 'x'.repeat(201) }, `/v1/orders/${UNKNOWN_ID}/transitions`),
    ...invalid,
    pointer: '/reason',
  },
  {
    name: 'a negative expected version',
    request: post({ to: 'cancelled', expectedVersion: -1 }, `/v1/orders/${UNKNOWN_ID}/transitions`),
    ...invalid,
    pointer: '/expectedVersion',
  },
  {
    name: 'an empty batch',
    request: post({ orders: [] }, '/v1/orders/batch'),
    ...invalid,
    pointer: '/orders',
  },
  {
    name: 'a batch of 1001',
    request: post({ orders: Array.from({ length: 1001 }, () => 1) }, '/v1/orders/batch'),
    ...invalid,
    pointer: '/orders',
  },
  {
    name: 'a batch with an unknown field',
    request: post({ orders: [1], x: 1 }, '/v1/orders/batch'),
    ...invalid,
    pointer: '/x',
  },
  {
    name: 'a batch over 4 MiB',
    request: post({ orders: ['x'.repeat(4_300_000)] }, '/v1/orders/batch'),
    status: 413,
    code: 'body-too-large',
  },
  { name: 'an unknown path', request: { url: '/v1/nothing' }, status: 404, code: 'route-not-found' },
  {
    name: 'an unknown path with broken JSON',
    request: post('{', '/nothing'),
    status: 404,
    code: 'route-not-found',
  },
  {
    name: 'a missing file below /docs',
    request: { url: '/docs/static/no.js' },
    status: 404,
    code: 'route-not-found',
  },
  {
    name: 'a broken percent-encoding',
    request: { url: '/v1/orders/%E0%A4%A' },
    status: 400,
    code: 'bad-request',
  },
  {
    name: 'another method',
    request: { method: 'DELETE', url: '/v1/orders' },
    status: 405,
    code: 'method-not-allowed',
  },
  {
    name: 'another method with broken JSON',
    request: { ...post('{'), method: 'PUT' },
    status: 405,
    code: 'method-not-allowed',
  },
];

const http = await startHttp(t);
const operations = operationsOf(await readDocument(http.app));

await t.test(
  'every bad request gets a documented problem that names the field, and appends nothing',
  async (t) => {
    for (const { name, request, status, code, pointer } of BAD_REQUESTS) {
      const { method = 'GET', headers } = request;
      const response = await http.app.inject({ ...request, headers: { ...headers, 'x-request-id': 'r-1' } });
      t.equal(response.statusCode, status, `${name}: status`);
      t.equal(response.headers['content-type'], 'application/problem+json', `${name}: media type`);
      t.equal(response.headers['x-request-id'], 'r-1', `${name}: request id`);
      t.match(
        response.json(),
        {
          type: `urn:problem:order-system:${code}`,
          title: /\w/,
          status,
          detail: /\w/,
          code,
          requestId: 'r-1',
          ...(pointer === undefined ? {} : { errors: [{ pointer, detail: /\w/ }] }),
        },
        name,
      );
      const operation = operationOf(operations, method, request.url);
      if (operation === undefined || code === 'route-not-found') continue;
      t.ok(operation.codes.get(status)?.includes(code), `${name}: ${code} is documented`);
    }
    t.strictSame(http.appended, []);
    t.strictSame(http.logged, [], 'errors of callers are not logged');
  },
);

await t.test('the largest total within the limits is accepted and exact', async (t) => {
  const items = Array.from({ length: 100 }, () => ({ ...item, quantity: 1000, unitPrice: 1_000_000_000 }));
  const response = await http.app.inject(post({ ...anOrder(), items }));
  t.match([response.statusCode, response.json()], [202, { total: 1e14 }]);
});

await t.test('an idempotency key that was used for another body is refused', async (t) => {
  const headers = { ...json, 'idempotency-key': 'k-1' };
  t.equal((await http.app.inject(post(anOrder(), '/v1/orders', headers))).statusCode, 202);
  const before = http.appended.length;
  const other = await http.app.inject(post(anOrder({ customerId: 'c-2' }), '/v1/orders', headers));
  t.equal(other.statusCode, 422);
  t.match(other.json(), { code: 'idempotency-key-reused', detail: /another body/ });
  t.equal(http.appended.length, before);
});

await t.test('bodies that say in other words that they are JSON in UTF-8 are read', async (t) => {
  const order = { ...anOrder(), metadata: { name: 'Café ☕ \ufffd' } };
  for (const mediaType of [
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8',
    'application/json; profile="charset"',
  ]) {
    const response = await http.app.inject(post(order, '/v1/orders', { 'content-type': mediaType }));
    t.equal(response.statusCode, 202, mediaType);
  }
  const marked = `\ufeff${JSON.stringify(order)}`;
  t.equal((await http.app.inject(post(marked))).statusCode, 202, 'a byte order mark is ignored');
  t.match(http.appended.at(-1)?.value?.toString(), 'Café ☕ \ufffd');
});

await t.test('metadata is accepted up to its limits', async (t) => {
  const metadata = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [String(index).padEnd(64, '☕'), '☕'.repeat(500)]),
  );
  const order = { ...anOrder(), metadata };
  const response = await http.app.inject(post(order));
  t.equal(response.statusCode, 202, 'characters are counted, not bytes');
});

await t.test('a leap second is a time like any other', async (t) => {
  const response = await http.app.inject('/v1/orders?createdBefore=2016-12-31T23:59:60Z');
  t.match([response.statusCode, response.json()], [200, { data: [] }]);
});

await t.test('405 lists the allowed methods', async (t) => {
  const allowed = async (method: 'OPTIONS' | 'GET' | 'PUT' | 'DELETE' | 'PATCH', url: string) => {
    const { statusCode, headers } = await http.app.inject({ method, url });
    t.equal(statusCode, 405, `${method} ${url}`);
    return headers.allow;
  };
  for (const url of ['/v1/orders/batch', '/v1/dead-letters/replay', '/v1/dead-letters/discard']) {
    t.equal(await allowed('OPTIONS', url), 'POST', url);
    t.equal(await allowed('GET', url), 'POST', url);
  }
  t.equal(await allowed('OPTIONS', '/docs/'), 'GET, HEAD');
  t.equal(await allowed('OPTIONS', '/v1/%6frders'), 'GET, HEAD, POST');
  t.equal(await allowed('DELETE', '/v1/orders'), 'GET, HEAD, POST');
  t.equal(await allowed('PUT', `/v1/orders/${UNKNOWN_ID}`), 'GET, HEAD');
  t.equal(await allowed('PATCH', `/v1/orders/${UNKNOWN_ID}/transitions`), 'POST');
  t.equal(await allowed('DELETE', '/livez'), 'GET, HEAD');
});
