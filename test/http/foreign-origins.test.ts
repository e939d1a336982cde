import t from 'tap';
import { isForeign } from '../../src/http/plugins/foreign-origins.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

const SHOP = 'https://shop.example';
const OWN = 'http://localhost:3000';

/** Origin and Sec-Fetch-Site of a request to localhost:3000, and whether a page of another origin sent it. */
const CASES: [origin: string | undefined, site: string | undefined, foreign: boolean][] = [
  [undefined, undefined, false],
  [undefined, 'none', false],
  [undefined, 'same-origin', false],
  [undefined, 'same-site', true],
  [undefined, 'cross-site', true],
  [undefined, 'something-new', true],
  [OWN, undefined, false],
  ['https://localhost:3000', undefined, false],
  ['HTTP://LOCALHOST:3000', undefined, false],
  [OWN, 'same-origin', false],
  [OWN, 'same-site', true],
  [OWN, 'cross-site', true],
  ['http://localhost:5173', undefined, true],
  ['http://localhost:5173', 'same-site', true],
  ['http://localhost', undefined, true],
  ['http://evil.example', undefined, true],
  ['http://evil.example', 'same-origin', true],
  ['http://evil.example', 'cross-site', true],
  ['null', undefined, true],
  ['null', 'cross-site', true],
  ['', undefined, true],
  ['file://', undefined, true],
  ['localhost:3000', undefined, true],
  [SHOP, undefined, false],
  [SHOP, 'cross-site', false],
  [`${SHOP}.evil.example`, 'cross-site', true],
];

await t.test('Origin and Sec-Fetch-Site both have to be harmless', async (t) => {
  for (const [origin, site, foreign] of CASES) {
    const headers = {
      host: 'LOCALHOST:3000',
      ...(origin === undefined ? {} : { origin }),
      ...(site === undefined ? {} : { 'sec-fetch-site': site }),
    };
    t.equal(isForeign(headers, new Set([SHOP])), foreign, `${String(origin)}, ${String(site)}`);
  }
});

await t.test('without a Host every Origin is foreign, unless it is allowed', async (t) => {
  t.equal(isForeign({ origin: OWN }, new Set()), true);
  t.equal(isForeign({ origin: SHOP }, new Set([SHOP])), false);
  t.equal(isForeign({}, new Set()), false);
});

await t.test('pages of other origins may change nothing', async (t) => {
  const { app, appended } = await startHttp(t);
  const headers = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const url of [
    '/v1/orders',
    '/v1/orders/batch',
    '/v1/dead-letters/replay',
    '/v1/dead-letters/discard',
  ]) {
    const refused = await app.inject({ method: 'POST', url, headers, payload: anOrder() });
    t.equal(refused.statusCode, 403, url);
    t.match(refused.json(), { code: 'origin-not-allowed', detail: /http:\/\/evil\.example.*CORS_ORIGINS/ });
  }
  t.equal((await app.inject({ url: '/v1/orders', headers })).statusCode, 200, 'reading changes nothing');
  t.strictSame(appended, []);
  const own = { host: 'localhost:3000', origin: OWN, 'sec-fetch-site': 'same-origin' };
  const placed = await app.inject({ method: 'POST', url: '/v1/orders', headers: own, payload: anOrder() });
  t.equal(placed.statusCode, 202);
});
