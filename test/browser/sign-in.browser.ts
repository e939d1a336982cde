import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { AUDIENCE, TokenIssuer } from '../support/token-issuer.ts';

t.setTimeout(600_000);

const DEADLINE_MS = 60_000;
const ALL = 'orders:create orders:read orders:transition dead-letters:read stats:read';

const folder = await temporaryFolder(t);
const issuer = await TokenIssuer.start(t);
const keys = join(folder, 'keys.json');
await writeFile(keys, JSON.stringify(issuer.keySet()));
const service = await ServiceProcess.start('all', {
  DATA_DIR: folder,
  AUTH_ISSUER: issuer.url,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_JWKS_FILE: keys,
  AUTH_CLOCK_TOLERANCE_MS: '0',
});
t.teardown(() => service.stop());
const browser = await startChromium();
t.teardown(() => browser.close());

/** A token of someone who may use all orders, unless the claims say otherwise. */
function tokenOf(sub: string, claims: Record<string, unknown> = {}, expiresIn = 3_600): Promise<string> {
  return issuer.token({ claims: { sub, scope: ALL, ...claims }, expiresIn });
}

/** The page with the sign-in dialog open. */
async function open(t: Test, viewport = { width: 1360, height: 1000 }) {
  const context = await browser.newContext({ viewport });
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  /** what it said on its console */
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  const requests: { url: string; resumed: boolean }[] = [];
  page.on('request', (request) => {
    requests.push({ url: request.url(), resumed: 'last-event-id' in request.headers() });
  });
  /** those of a time in which a page that polls would send one */
  const requestsSoon = async () => {
    const before = requests.length;
    await page.waitForTimeout(1_500);
    return requests.slice(before);
  };
  /** the last request for the stream of orders */
  const stream = () => requests.findLast(({ url }) => url.endsWith('/v1/order-events'));
  await page.goto(`${service.url}/`);
  await page.locator('#sign-in[open]').waitFor();
  return { page, said, requests, requestsSoon, stream };
}

/** Places an order as someone who may use all orders. @returns its id */
async function place(order: unknown): Promise<string> {
  const authorization = `Bearer ${await tokenOf('service')}`;
  const { body } = await new OrderClient(service.url).place(order, { authorization });
  return body.id;
}

async function signIn(page: Page, token: string): Promise<void> {
  await page.fill('#token', token);
  await page.click('#sign-in-submit');
}

async function becomes(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).waitFor();
}

function hidden(page: Page, selector: string): Promise<void> {
  return page.locator(selector).first().waitFor({ state: 'hidden' });
}

await t.test('it asks for a token, by keyboard, and keeps it out of sight', async (t) => {
  const token = await tokenOf('ada');
  const { page, said, requests, requestsSoon } = await open(t);
  t.equal(await page.evaluate('document.activeElement.id'), 'token');
  t.equal(await page.getAttribute('#token', 'type'), 'password');
  t.notOk(await page.locator('.tiles').isVisible());
  t.same(await requestsSoon(), [], 'it sends nothing until someone signs in');

  await page.keyboard.type('not-the-token');
  await page.keyboard.press('Enter');
  await becomes(page, '#sign-in-problem', /\w/);
  await page.keyboard.type('two words');
  await page.keyboard.press('Enter');
  await becomes(page, '#sign-in-problem', 'spaces');
  await page.keyboard.insertText(token);
  await page.keyboard.press('Enter');
  await hidden(page, '#sign-in');
  await becomes(page, '#connection', 'Live');
  await becomes(page, '#who', 'ada');
  await becomes(page, '#accepted-total', /\d/);

  await page.click('#place-order button');
  await becomes(page, '#placed-status', 'confirmed');
  const id = await page.innerText('#placed-id');
  t.equal(await page.locator('a[href^="/v1/"]:visible').count(), 0, 'no link that cannot work');
  const places = await page.evaluate<string>(`JSON.stringify([
    location.href, document.cookie, Object.entries(localStorage), history.state,
    document.documentElement.outerHTML, performance.getEntries().map(({ name }) => name),
  ])`);
  const urls = requests.map(({ url }) => url);
  for (const text of [places, ...said, ...urls]) t.notOk(text.includes(token), text.slice(0, 80));
  t.same(
    said.filter((text) => !text.includes('status of 401')),
    [],
    'no other error',
  );

  await t.test('a reload keeps it, signing out removes it', async (t) => {
    await page.reload();
    await becomes(page, '#connection', 'Live');
    await page.click('#sign-out');
    await page.locator('#sign-in[open]').waitFor();
    await hidden(page, '#orders-title');
    await hidden(page, '#place-order');
    t.equal(await page.evaluate('JSON.stringify(sessionStorage)'), '{}');
    t.notMatch(await page.content(), id, 'nothing is left of what it showed');
    t.same(await requestsSoon(), []);
    await page.reload();
    await page.locator('#sign-in[open]').waitFor();
  });

  await t.test('if the token is kept only in memory, a reload asks again', async (t) => {
    await page.uncheck('#keep-token');
    await signIn(page, token);
    await becomes(page, '#connection', 'Live');
    t.equal(await page.evaluate('JSON.stringify(sessionStorage)'), '{}');
    await page.reload();
    await page.locator('#sign-in[open]').waitFor();
  });
});

await t.test('a customer sees its own form and no figures, and may only cancel', async (t) => {
  const token = await tokenOf('cleo', { customer_id: 'c-cleo' });
  const { page } = await open(t);
  await signIn(page, token);
  await becomes(page, '#identity-details', 'customer c-cleo');
  await becomes(page, '#connection', 'Live');
  for (const selector of ['.tiles', '#rates', '#dead-letters', 'a[href="/v1/stats"]']) {
    t.notOk(await page.locator(selector).isVisible(), selector);
  }
  t.equal(await page.inputValue('#customerId'), 'c-cleo');
  t.notOk(await page.locator('#customerId').isEditable());
  t.ok(await page.locator('#merchantId').isEditable());
  await place(anOrder({ customerId: 'c-other' }));
  await page.click('#place-order button');
  await becomes(page, '#placed-status', 'confirmed');
  t.same(await page.locator('#moves button').allInnerTexts(), ['Cancel']);
  await page.click('#moves button');
  await becomes(page, '#placed-status', 'cancelled');
  await becomes(page, '#orders', 'c-cleo');
  t.notMatch(await page.innerText('#orders'), 'c-other', 'no order of another customer');
});

await t.test('what the scopes do not allow is hidden', async (t) => {
  const panels = ['.tiles', '#rates', '#orders-title', '#place-order', '#dead-letters'];
  for (const [scopes, shown] of [
    [['orders:create'], ['#place-order']],
    [['orders:read'], ['#orders-title']],
    [['stats:read'], ['.tiles', '#rates']],
    [
      ['stats:read', 'dead-letters:read'],
      ['.tiles', '#rates', '#dead-letters'],
    ],
    [['dead-letters:write'], []],
  ] as [string[], string[]][]) {
    const token = await tokenOf('ada', { scope: scopes.join(' ') });
    const { page, said } = await open(t);
    await signIn(page, token);
    await becomes(page, '#who', 'ada');
    await becomes(page, '#connection', 'Live');
    const visible = [];
    for (const panel of panels) if (await page.locator(panel).isVisible()) visible.push(panel);
    t.same(visible, shown, scopes.join());
    t.equal(await page.locator('#notice').isVisible(), shown.length === 0);
    if (shown.length === 0) {
      t.match(await page.innerText('#notice-text'), /orders:create, orders:read .* stats:read/);
    }
    t.notMatch(said.join(), 'status of 403', 'it requests nothing else');
  }
});

await t.test('it says when the token ends, and goes on with the next one where it stopped', async (t) => {
  const { page, requestsSoon, stream } = await open(t);
  await signIn(page, await tokenOf('ada', {}, 8));
  await becomes(page, '#connection', 'Live');
  await becomes(page, '#identity-details', /until .*\d/);
  await becomes(page, '#notice-text', 'expires in less than a minute');
  await page.click('#notice-button');
  await page.keyboard.press('Escape');
  await hidden(page, '#sign-in');
  await place(anOrder({ customerId: 'c-before' }));
  await becomes(page, '#orders', 'c-before');

  await page.locator('#sign-in[open]').waitFor();
  await becomes(page, '#sign-in-problem', 'expired');
  await becomes(page, '#connection', 'Paused');
  t.same(await requestsSoon(), []);
  await place(anOrder({ customerId: 'c-meanwhile' }));
  await signIn(page, await tokenOf('ada'));
  await becomes(page, '#orders', 'c-meanwhile');
  t.match(await page.innerText('#orders'), 'c-before', 'the table is as it was');
  t.match(stream(), { resumed: true });

  await t.test('another caller sees nothing of that', async (t) => {
    await page.click('#sign-out');
    await signIn(page, await tokenOf('bob'));
    await becomes(page, '#who', 'bob');
    await becomes(page, '#connection', 'Live');
    t.notMatch(await page.innerText('#orders'), 'c-before');
    t.match(stream(), { resumed: false });
  });
});

await t.test('a stream that ends with its credentials asks again, and nothing is retried', async (t) => {
  const { page, requestsSoon } = await open(t);
  // As with a key that is revoked: the page does not know the end.
  await page.route('**/v1/principal', async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as object;
    await route.fulfill({ response, json: { ...body, expiresAt: null } });
  });
  await signIn(page, await tokenOf('ada', { scope: 'orders:read' }, 5));
  await becomes(page, '#connection', 'Live');
  await page.locator('#sign-in[open]').waitFor();
  await becomes(page, '#sign-in-problem', /expired/);
  t.same(await requestsSoon(), []);
  await page.click('#not-now');
  await becomes(page, '#notice-text', /expired/);
  await page.click('#notice-button');
  await page.locator('#sign-in[open]').waitFor();
});

await t.test('a 403 is explained and not asked for again', async (t) => {
  const { page, requestsSoon } = await open(t);
  const detail = 'This needs another scope.';
  await page.route('**/v1/stats*', (route) => route.fulfill({ status: 403, json: { title: 'No', detail } }));
  await signIn(page, await tokenOf('ada'));
  await becomes(page, '#notice-text', detail);
  await becomes(page, '#connection', 'Live');
  t.same(await requestsSoon(), []);
});

await t.test('the dialog fits a phone', async (t) => {
  const { page } = await open(t, { width: 390, height: 740 });
  const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  t.equal(await page.evaluate(sideways), 0);
  const box = await page.locator('#sign-in').boundingBox();
  t.ok(box !== null && box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 740);
  const zoom = await page.evaluate<string>(`getComputedStyle(document.querySelector('#token')).fontSize`);
  t.ok(parseFloat(zoom) >= 16, 'the field is large enough not to be zoomed');
  await page.fill('#token', 'x'.repeat(900));
  await page.click('#show-token');
  t.equal(await page.getAttribute('#token', 'type'), 'text');
  const overflow = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('#sign-in'))`;
  t.equal(await page.evaluate(overflow), 0, 'a long token does not widen it');
  const { SCREENSHOTS = '' } = process.env;
  if (SCREENSHOTS !== '') await page.screenshot({ path: `${SCREENSHOTS}/sign-in-390.png` });
  await signIn(page, await tokenOf('9'.repeat(60)));
  await becomes(page, '#connection', 'Live');
  t.equal(await page.evaluate(sideways), 0);
});
