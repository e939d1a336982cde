import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startGuardedService, type FakePrincipal } from './guarded-service.ts';

t.setTimeout(600_000);

const DEADLINE_MS = 60_000;
const TOKEN = 'ops_secret-of-the-operator';
const OPERATOR: FakePrincipal = {
  name: 'ada',
  scopes: ['orders:create', 'orders:read', 'orders:transition', 'dead-letters:read', 'stats:read'],
  expiresAt: null,
};
const CUSTOMER: FakePrincipal = {
  name: 'cleo',
  scopes: ['orders:create', 'orders:read', 'orders:transition', 'stats:read'],
  customerId: 'c-cleo',
  expiresAt: null,
};

const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
t.teardown(() => service.stop());
const browser = await startChromium();
t.teardown(() => browser.close());
const guarded = await startGuardedService(t, service.url);

/** The page with the sign-in dialog open, and what it said on its console. */
async function open(t: Test, viewport = { width: 1360, height: 1000 }) {
  const context = await browser.newContext({ viewport });
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(`${guarded.url}/`);
  await page.locator('#sign-in[open]').waitFor();
  return { page, said };
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

/** Requests of the time in which a page that polls would send one. */
async function requestsSoon(page: Page): Promise<string[]> {
  const before = guarded.requests.length;
  await page.waitForTimeout(1_500);
  return guarded.requests.slice(before);
}

await t.test('it asks for a token, by keyboard, and keeps it out of sight', async (t) => {
  guarded.principals.set(TOKEN, OPERATOR);
  const { page, said } = await open(t);
  t.equal(await page.evaluate('document.activeElement.id'), 'token');
  t.equal(await page.getAttribute('#token', 'type'), 'password');
  t.notOk(await page.locator('.tiles').isVisible());
  t.same(await requestsSoon(page), [], 'it sends nothing until someone signs in');

  await page.keyboard.type('not-the-token');
  await page.keyboard.press('Enter');
  await becomes(page, '#sign-in-problem', 'not valid');
  await page.keyboard.type('two words');
  await page.keyboard.press('Enter');
  await becomes(page, '#sign-in-problem', 'spaces');
  await page.keyboard.type(TOKEN);
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
  t.notMatch(places, TOKEN);
  t.notMatch(said.join('\n'), TOKEN);
  t.notMatch(guarded.requests.join('\n'), TOKEN);
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
    t.same(await requestsSoon(page), []);
    await page.reload();
    await page.locator('#sign-in[open]').waitFor();
  });

  await t.test('if it is to be only in memory, a reload asks again', async (t) => {
    await page.uncheck('#keep-token');
    await signIn(page, TOKEN);
    await becomes(page, '#connection', 'Live');
    t.equal(await page.evaluate('JSON.stringify(sessionStorage)'), '{}');
    await page.reload();
    await page.locator('#sign-in[open]').waitFor();
  });
});

await t.test('a customer sees its own form and no figures, and may only cancel', async (t) => {
  guarded.principals.set('cust_1', CUSTOMER);
  const { page } = await open(t);
  await signIn(page, 'cust_1');
  await becomes(page, '#identity-details', 'customer c-cleo');
  await becomes(page, '#connection', 'Live');
  for (const selector of ['.tiles', '#rates', '#dead-letters', 'a[href="/v1/stats"]']) {
    t.notOk(await page.locator(selector).isVisible(), selector);
  }
  t.equal(await page.inputValue('#customerId'), 'c-cleo');
  t.notOk(await page.locator('#customerId').isEditable());
  t.ok(await page.locator('#merchantId').isEditable());
  await page.click('#place-order button');
  await becomes(page, '#placed-status', 'confirmed');
  t.same(await page.locator('#moves button').allInnerTexts(), ['Cancel']);
  await page.click('#moves button');
  await becomes(page, '#placed-status', 'cancelled');
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
    const token = scopes.join('+');
    guarded.principals.set(token, { ...OPERATOR, scopes });
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
  const expiresAt = new Date(Date.now() + 6_000).toISOString();
  guarded.principals.set('short', { ...OPERATOR, expiresAt });
  guarded.principals.set('next', OPERATOR);
  const { page } = await open(t);
  await signIn(page, 'short');
  await becomes(page, '#connection', 'Live');
  await becomes(page, '#identity-details', /until .*\d/);
  await becomes(page, '#notice-text', 'expires in less than a minute');
  await page.click('#notice-button');
  await page.keyboard.press('Escape');
  await hidden(page, '#sign-in');
  const client = new OrderClient(service.url);
  await client.place(anOrder({ customerId: 'c-before' }));
  await becomes(page, '#orders', 'c-before');

  await page.locator('#sign-in[open]').waitFor();
  await becomes(page, '#sign-in-problem', 'expired');
  await becomes(page, '#connection', 'Paused');
  t.same(await requestsSoon(page), []);
  await client.place(anOrder({ customerId: 'c-meanwhile' }));
  await signIn(page, 'next');
  await becomes(page, '#orders', 'c-meanwhile');
  t.match(await page.innerText('#orders'), 'c-before', 'the table is as it was');
  t.ok(guarded.requests.findLast((request) => request.includes('/order-events'))?.includes(' from '));

  await t.test('another caller sees nothing of that', async (t) => {
    guarded.principals.set('other', { ...OPERATOR, name: 'bob' });
    await page.click('#sign-out');
    await signIn(page, 'other');
    await becomes(page, '#who', 'bob');
    await becomes(page, '#connection', 'Live');
    t.notMatch(await page.innerText('#orders'), 'c-before');
    t.notOk(guarded.requests.findLast((request) => request.includes('/order-events'))?.includes(' from '));
  });
});

await t.test(
  'a stream that ends with its credentials asks again, and nothing is retried meanwhile',
  async (t) => {
    guarded.principals.set('revoked', { ...OPERATOR, scopes: ['orders:read'] });
    const { page } = await open(t);
    await signIn(page, 'revoked');
    await becomes(page, '#connection', 'Live');
    guarded.revoke('revoked');
    await page.locator('#sign-in[open]').waitFor();
    await becomes(page, '#sign-in-problem', 'not valid or has expired');
    t.same(await requestsSoon(page), []);
    await page.click('#not-now');
    await becomes(page, '#notice-text', 'not valid or has expired');
    await page.click('#notice-button');
    await page.locator('#sign-in[open]').waitFor();
  },
);

await t.test('a scope that is lost is explained once and not asked for again', async (t) => {
  guarded.principals.set('less', OPERATOR);
  const { page } = await open(t);
  await signIn(page, 'less');
  await becomes(page, '#connection', 'Live');
  guarded.principals.set('less', { ...OPERATOR, scopes: ['orders:read'] });
  await becomes(page, '#notice-text', 'This needs the scope stats:read.');
  await eventually(async () => (await requestsSoon(page)).length === 0, { what: 'silence' });
  await page.click('#place-order button');
  await becomes(page, '#problem', 'This needs the scope orders:create.');
  t.equal(await page.innerText('#connection'), 'Live', 'the orders are still shown');
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
  guarded.principals.set('long', {
    ...OPERATOR,
    name: `https://issuer.example/realms/orders#${'9'.repeat(60)}`,
  });
  await signIn(page, 'long');
  await becomes(page, '#connection', 'Live');
  t.equal(await page.evaluate(sideways), 0);
});
