import { createRequire } from 'node:module';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DashboardPage } from './dashboard-page.ts';

t.setTimeout(300_000);

const PROCESSOR_SOURCE = `export function process({ merchantId }, { TransientError }) {
  if (merchantId === 'm-retry') throw new TransientError('${'the payment provider does not answer '.repeat(4)}');
  if (merchantId === 'm-dead') throw new Error('${'x'.repeat(300)}');
  return { status: 'confirmed' };
}
`;

const folder = await temporaryFolder(t);
const PROCESSOR = join(folder, 'processor.mjs');
await writeFile(PROCESSOR, PROCESSOR_SOURCE);
const service = await ServiceProcess.start('all', { DATA_DIR: folder, PROCESSOR, RETRY_BASE_MS: '60000' });
t.teardown(() => service.stop());
const { url } = service;
const client = new OrderClient(url);
const browser = await startChromium();
t.teardown(() => browser.close());

const place = async (merchantId: string, customerId = 'c-1') =>
  (await client.place(anOrder({ merchantId, customerId }))).body.id;
const dead = await place('m-dead');
const retrying = await place('m-retry');
await place('m-dead', 'c-2');
for (let count = 0; count < 25; count += 1) await place('m-1', `c-${String(count)}`);
await eventually(
  async () => (await client.get<{ data: unknown[] }>('/v1/dead-letters')).body.data.length === 2,
  { what: 'two dead letters' },
);

/** Each view, and a text that it shows when it is complete. */
const VIEWS: [hash: string, selector: string, text: string | RegExp][] = [
  ['#/', '#accepted-total', '28'],
  ['#/search', '#view-body', 'What the box understands'],
  ['#/search?q=merchant%3Am-1', '#view-body .list', 'confirmed'],
  [`#/orders/${dead}`, '#order-dead-letters', 'open'],
  [`#/orders/${retrying}`, '#order-processing', /Next attempt\s*in \d+ s/],
  ['#/dead-letters', '#view-body .list', 'xxx'],
  ['#/dead-letters/1', '#dead-letter-record', 'specversion'],
  ['#/retrying', '#view-body .list', 'the payment provider'],
  ['#/partitions', '#view-body .list', 'orders.commands'],
  ['#/replicas', '#view-body .list', 'all'],
  ['#/nowhere', '#view-body', 'Go to the overview'],
];

async function goTo({ page }: DashboardPage, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

await t.test('a phone shows every view without scrolling sideways, and axe finds no fault', async (t) => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewport = { width: 390, height: 800 };
    const dashboard = await DashboardPage.open(t, browser, `${url}/`, { viewport, colorScheme });
    const { page } = dashboard;
    await page.evaluate(axe);
    for (const [hash, selector, text] of VIEWS) {
      await goTo(dashboard, hash);
      await dashboard.becomes(selector, text);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, `${hash} ${colorScheme}`);
      t.same(await faults(page), [], `${hash} ${colorScheme}`);
    }
    await goTo(dashboard, '#/dead-letters');
    await page.click('button[data-verb="discard"][data-target="all"]');
    await dashboard.becomes('#bulk-status', 'Dry run');
    t.same(await faults(page), [], `dialog ${colorScheme}`);
    const box = await page.locator('.bulk').boundingBox();
    t.ok(box !== null && box.x >= 0 && box.x + box.width <= 390, 'the dialog fits');
    dashboard.assertClean(t);
  }
});

/** What axe says about accessibility, such as contrast, names and roles. */
async function faults(page: Page): Promise<string[]> {
  return page.evaluate<
    string[]
  >(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ').slice(0, 300)))`);
}

await t.test('the keyboard alone reaches every view and what is in it', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  const focused = () =>
    page.evaluate<string>(`document.activeElement.id || document.activeElement.textContent.trim()`);
  /** Presses Tab until something has the focus. */
  const tabTo = async (what: string | RegExp) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      const now = await focused();
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      t.not(outline, 'none', `the focus is visible at ${now}`);
      if (typeof what === 'string' ? now === what : what.test(now)) return;
    }
    t.fail(`Tab never reached ${String(what)}`);
  };
  for (const [name, title] of [
    ['Search', 'Search'],
    [/^Dead letters/, 'Dead letters'],
    [/^Retrying/, 'Retrying orders'],
    ['Partitions', 'Partitions'],
    ['Replicas', 'Replicas'],
  ] as const) {
    await page.evaluate('document.activeElement.blur(); document.querySelector("a.skip").focus()');
    await tabTo(name);
    await page.keyboard.press('Enter');
    await dashboard.becomes('#view-title', title);
    t.equal(await focused(), 'view-title', 'the focus moves to the heading');
    t.match(await page.title(), title);
  }
  await page.keyboard.press('/');
  await page.keyboard.type('m-1');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#view-body', 'Search merchant:m-1');
  await tabTo('Search merchant:m-1');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#view-body .list', 'm-1');
  await tabTo(/^[0-9a-f-]{36}$/);
  await page.keyboard.press('Enter');
  await dashboard.becomes('#order-history', 'confirmed');
  await tabTo('Raw JSON');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#view-body pre', '"version": 1');
  dashboard.assertClean(t);
});

await t.test(
  'views have URLs: deep links, Back, Forward and reload lead there, filters and pages too',
  async (t) => {
    const dashboard = await DashboardPage.open(
      t,
      browser,
      `${url}/#/dead-letters?reason=processor-failed&state=all`,
    );
    const { page } = dashboard;
    await dashboard.becomes('#view-title', 'Dead letters');
    t.equal(await page.inputValue('#filter-reason'), 'processor-failed');
    t.equal(await page.inputValue('#filter-state'), 'all');
    await page.selectOption('#filter-reason', 'retries-exhausted');
    await page.fill('#filter-failedAfter', '2026-01-02T03:04:05');
    await page.click('button:has-text("Filter")');
    await dashboard.becomes('#view-body .empty', 'No dead letter matches.');
    t.match(page.url(), /reason=retries-exhausted&state=all&failedAfter=2026-01-0\dT[\d%A]+\.000Z$/);
    await page.reload();
    await dashboard.becomes('#view-body .empty', 'No dead letter matches.');
    t.equal(
      await page.inputValue('#filter-failedAfter'),
      '2026-01-02T03:04:05',
      'in the time zone of the reader',
    );
    await page.goBack();
    await dashboard.becomes('#view-body .list', 'xxx');
    await page.goForward();
    await dashboard.becomes('#view-body .empty', 'No dead letter matches.');

    await page.route('**/v1/orders?*', (route) =>
      route.continue({ url: route.request().url().replace('limit=50', 'limit=20') }),
    );
    await goTo(dashboard, '#/search?q=merchant:m-1');
    await dashboard.becomes('.pager', 'Older');
    const first = await page.locator('#view-body tbody a').first().innerText();
    await page.click('.pager a[rel=next]');
    await dashboard.becomes('.pager', 'First page');
    t.equal(await page.locator('#view-body tbody tr').count(), 5);
    t.match(page.url(), /cursor=/);
    await page.goBack();
    await dashboard.becomes('#view-body tbody', first);

    await page.goto(`${url}/#/orders/0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70`);
    await dashboard.becomes('#view-problem-text', /\S/);
    t.notOk(
      await page.locator('#view-retry').isVisible(),
      'an unknown order does not appear by asking again',
    );
  },
);

await t.test(
  'Live means that the service works: a log or a store that is down shows in every view',
  async (t) => {
    const dashboard = await DashboardPage.open(t, browser, `${url}/`);
    const { page } = dashboard;
    let dependencies = { log: 'down', store: 'up' };
    await page.route('**/v1/stats*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), dependencies } });
    });
    await dashboard.becomes('#connection', 'Event log down');
    await dashboard.becomes('#health', 'new orders are refused with 503');
    dependencies = { log: 'up', store: 'down' };
    await goTo(dashboard, '#/replicas');
    await dashboard.becomes('#connection', 'Store down');
    await dashboard.becomes('#health', 'orders are still accepted');
    dependencies = { log: 'up', store: 'up' };
    await goTo(dashboard, '#/');
    await dashboard.becomes('#connection', 'Live');
    t.notOk(await page.locator('#health').isVisible());
    dashboard.assertClean(t);
  },
);

await t.test(
  'refusals and outages are explained, with what to do, and the page goes on by itself',
  async (t) => {
    const dashboard = await DashboardPage.open(t, browser, `${url}/`);
    const { page } = dashboard;
    let answer: { status: number; headers?: Record<string, string>; json: object } | undefined;
    await page.route('**/v1/retrying-orders*', (route) =>
      answer === undefined ? route.continue() : route.fulfill(answer),
    );
    const problem = (status: number, headers = {}) => ({
      status,
      headers,
      json: { title: 'No', detail: 'The store cannot be used right now.' },
    });
    for (const [status, text] of [
      [429, /more requests than .* tries again in \d+ s/],
      [503, /cannot answer now: the store cannot be used right now\. Nothing is lost\. .* again in \d+ s/],
      [403, /does not allow this: .* Sign in with one that does/],
      [404, /a gateway may hide what operators use\. Open the page at a replica/],
      [500, /The store cannot be used right now/],
    ] as const) {
      answer = problem(status, { 'retry-after': '30' });
      await goTo(dashboard, `#/retrying?customerId=x-${String(status)}`);
      await dashboard.becomes('#view-problem-text', text);
    }
    answer = undefined;
    await page.click('#view-retry');
    await dashboard.becomes('#view-body .empty', 'No order is being retried.');
    t.notOk(await page.locator('#view-problem').isVisible());

    await goTo(dashboard, '#/retrying');
    await dashboard.becomes('#view-body .list', retrying);
    await page.context().setOffline(true);
    await dashboard.becomes('#view-problem-text', /offline\. Check its network\..*may be old/);
    await dashboard.becomes('#health', 'does not answer');
    await dashboard.becomes('#connection', 'Reconnecting');
    await page.context().setOffline(false);
    await page.locator('#view-problem').waitFor({ state: 'hidden' });
    await dashboard.becomes('#connection', 'Live');
  },
);

await t.test('an order is shown where a gateway hides how it is processed', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  const json = { title: 'Not found', detail: 'There is nothing here.' };
  await page.route('**/processing', (route) => route.fulfill({ status: 404, json }));
  await goTo(dashboard, `#/orders/${dead}`);
  await dashboard.becomes('#order-history', 'failed');
  await dashboard.becomes('#view-body', 'at a replica rather than at a gateway');
  t.notOk(await page.locator('#view-problem').isVisible());
});

await t.test('a view asks every two seconds at most, and not at all while the page is hidden', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/#/partitions`);
  const { page } = dashboard;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.waitForTimeout(4_000);
  for (const path of new Set(asked)) {
    t.ok(asked.filter((other) => other === path).length <= 2, `${path} ${asked.join()}`);
  }
  t.ok(asked.includes('/v1/partitions'), 'it asks again');
  await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
  await dashboard.becomes('#connection', 'Paused');
  asked.length = 0;
  await page.waitForTimeout(3_500);
  t.same(asked, []);
  dashboard.assertClean(t);
});

await t.test('a refresh keeps the focus and what is unfolded', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/#/orders/${retrying}`);
  const { page } = dashboard;
  await dashboard.becomes('#order-processing', 'It failed for now');
  await page.click('summary:has-text("Raw JSON")');
  await page.waitForResponse((response) => response.url().endsWith('/processing'));
  await page.waitForResponse((response) => response.url().endsWith('/processing'));
  t.ok(await page.locator('pre').last().isVisible());
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Raw JSON');
});

await t.test('replicas of different versions are marked', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.route('**/v1/replicas', async (route) => {
    const response = await route.fetch();
    const { data } = (await response.json()) as { data: object[] };
    await route.fulfill({ response, json: { data: [...data, { ...data[0], id: 'old', version: '0.0.9' }] } });
  });
  await goTo(dashboard, '#/replicas');
  await dashboard.becomes('#view-body .callout', /different versions: 0\.0\.9, /);
  await dashboard.becomes('#view-body tr[data-key="old"] .warning', '0.0.9');
});

await t.test('the page has no link to a documentation that is not served', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  t.ok(await page.locator('footer a[href="/docs"]').isVisible());
  await page.route('**/v1/principal', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...((await response.json()) as object), documentation: false } });
  });
  await page.reload();
  await dashboard.becomes('#connection', 'Live');
  t.equal(await page.locator('a[href^="/docs"]:visible').count(), 0);
});
