import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { DashboardPage } from './dashboard-page.ts';
import { startFailingService } from './failing-service.ts';

t.setTimeout(300_000);

const { url, dead, retrying } = await startFailingService(t);
const browser = await startChromium();
t.teardown(() => browser.close());

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

await t.test('a phone shows every view without scrolling sideways, and axe finds no fault', async (t) => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewport = { width: 390, height: 800 };
    const dashboard = await DashboardPage.open(t, browser, `${url}/`, { viewport, colorScheme });
    const { page } = dashboard;
    await page.evaluate(axe);
    for (const [hash, selector, text] of VIEWS) {
      await dashboard.goTo(hash);
      await dashboard.becomes(selector, text);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, `${hash} ${colorScheme}`);
      t.same(await faults(page), [], `${hash} ${colorScheme}`);
    }
    await dashboard.goTo('#/dead-letters');
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
    await dashboard.goTo('#/search?q=merchant:m-1');
    await dashboard.becomes('.pager', 'Older');
    const first = await page.locator('#view-body tbody a').first().innerText();
    await page.click('.pager a[rel=next]');
    await dashboard.becomes('.pager', 'First page');
    t.equal(await page.locator('#view-body tbody tr').count(), 5);
    t.match(page.url(), /cursor=/);
    await page.goBack();
    await dashboard.becomes('#view-body tbody', first);

    await page.goto(`${url}/#/search?q=${dead}`);
    await dashboard.becomes('#view-lead', dead);
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
  await dashboard.goTo('#/replicas');
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
