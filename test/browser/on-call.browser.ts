import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DashboardPage } from './dashboard-page.ts';

/*
 * The story that docs/on-call.md shows. With SCREENSHOTS=docs/on-call it makes the pictures there:
 * SCREENSHOTS=docs/on-call node dist/test/browser/on-call.browser.js
 */

t.setTimeout(300_000);

const BROKEN = `export function process({ merchantId }) {
  if (merchantId !== 'm-9') return { status: 'confirmed' };
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:8443');
  throw new Error('The price list of m-9 cannot be read', { cause: new TypeError('fetch failed', { cause: refused }) });
}
`;
const DESKTOP = { width: 1280, height: 880 };

/** Of a picture in the documentation. */
const MAX_BYTES = 200_000;

const FIXED = `export const process = () => ({ status: 'confirmed' });\n`;

const folder = await temporaryFolder(t);
const PROCESSOR = join(folder, 'processor.mjs');
await writeFile(PROCESSOR, BROKEN);
const environment = { DATA_DIR: join(folder, 'data'), PROCESSOR };
let service = await ServiceProcess.start('all', environment);
t.teardown(() => service.stop());
const { url } = service;
const browser = await startChromium();
t.teardown(() => browser.close());

await t.test('with a broken processor the page alone finds the order, says why and replays it', async (t) => {
  const client = new OrderClient(url);
  const ids: string[] = [];
  for (const customerId of ['c-71', 'c-72', 'c-73'])
    ids.push((await client.place(anOrder({ customerId, merchantId: 'm-9' }))).body.id);
  for (let count = 0; count < 4; count += 1)
    await client.place(anOrder({ customerId: 'c-72', merchantId: `m-${String(count)}` }));
  const id = ids[1] ?? '';
  const dashboard = await DashboardPage.open(t, browser, `${url}/`, { viewport: DESKTOP });
  const { page } = dashboard;

  await t.test('the overview says that something waits for a decision', async () => {
    await dashboard.becomes('#dead-letters-badge', '3');
  });

  await t.test('the search finds the order of a customer who complains', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('c:c-72');
    await page.keyboard.press('Enter');
    await dashboard.becomes('#view-body .list', id);
    await dashboard.becomes('#view-body .summary', 'Orders with customer c-72');
    await picture(dashboard, 'search');
    await page.click(`#view-body tr:has-text("failed") a[href="#/orders/${id}"]`);
  });

  await t.test('the order says why it failed, down to the root cause, and where it is', async (t) => {
    await dashboard.becomes('#view-title', 'Order');
    await dashboard.becomes('#order-reason', /\S/);
    for (const text of [
      'The price list of m-9 cannot be read',
      'TypeError fetch failed',
      'connect ECONNREFUSED 127.0.0.1:8443',
    ])
      await dashboard.becomes('#view-body .causes', text);
    t.notOk(await page.locator('.failure pre').isVisible(), 'the stack is folded');
    await page.click('.failure summary');
    await dashboard.becomes('.failure pre', 'processor.mjs');
    await page.click('.failure summary');
    await dashboard.becomes('#order-processing', /orders\.commands.*partition \d+.*offset \d+/);
    await dashboard.becomes('#order-history', 'failed');
    await picture(dashboard, 'order');
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(dashboard, 'phone');
    await page.setViewportSize(DESKTOP);
  });

  await t.test('the dead letter shows the record', async () => {
    await page.click('#order-dead-letters a');
    await dashboard.becomes('#view-title', /Dead letter #\d/);
    await dashboard.becomes('#dead-letter-error', 'connect ECONNREFUSED');
    await dashboard.becomes('#dead-letter-record pre', /"customerId": "c-72"/);
  });

  await t.test('after the fix a replay is confirmed by typing how many', async (t) => {
    await restart(FIXED);
    await page.click('#views a[data-view="dead-letters"]');
    await dashboard.becomes('#reason-counts', /3 the processor threw an error/);
    await dashboard.becomes('#connection', 'Live');
    await picture(dashboard, 'dead-letters');
    await page.click('button[data-verb="replay"][data-target="all"]');
    await dashboard.becomes('#bulk-status', 'Dry run: 3 match; 3 would be replayed.');
    await page.keyboard.type('2');
    t.ok(await page.locator('.bulk button[type=submit]').isDisabled(), 'another number does not confirm');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('3');
    await picture(dashboard, 'confirm');
    await page.keyboard.press('Enter');
    await dashboard.becomes('#bulk-status', 'Matched 3, replayed 3, skipped 0.');
    await page.keyboard.press('Escape');
    await page.locator('.bulk').waitFor({ state: 'detached' });
    await dashboard.becomes('#view-body .empty', 'no unresolved dead letters');
  });

  await t.test('the order is confirmed', async (t) => {
    await page.fill('#search-box', id);
    await page.keyboard.press('Enter');
    await dashboard.becomes('.order-state .status', 'confirmed');
    await dashboard.becomes('#order-history', 'confirmed');
    await dashboard.becomes('#order-dead-letters', 'resolved');
    t.equal(await page.locator('#view-body button').count(), 0, 'nothing is left to replay');
    t.match((await client.order(id)).body, { status: 'confirmed' });
    await page.locator('#dead-letters-badge').waitFor({ state: 'hidden' });
    await picture(dashboard, 'confirmed');
  });

  t.equal(dashboard.loads, 1, 'without a reload');
  dashboard.assertClean(t, { hadOutage: true });
});

await t.test('one dead letter is discarded by typing the word, and Esc changes nothing', async (t) => {
  await restart(BROKEN);
  const client = new OrderClient(url);
  for (const customerId of ['c-81', 'c-82']) await client.place(anOrder({ customerId, merchantId: 'm-9' }));
  const dashboard = await DashboardPage.open(t, browser, `${url}/#/dead-letters`);
  const { page } = dashboard;
  await dashboard.becomes('#reason-counts', '2');
  const first = page.locator('#view-body tbody tr').first();
  const link = await first.locator('a').first().innerText();
  await first.locator('input[type=checkbox]').check();
  await page.click('button:has-text("Discard selected (1)")');
  await dashboard.becomes('#bulk-title', `Discard dead letter ${link}`);
  await dashboard.becomes('label[for="bulk-typed"]', 'Type discard to confirm');
  await page.keyboard.press('Escape');
  await page.locator('.bulk').waitFor({ state: 'detached' });
  t.equal(await page.locator('#view-body tbody tr').count(), 2);
  t.match(await page.evaluate('document.activeElement.textContent'), 'Discard selected', 'the focus is back');

  await page.keyboard.press('Enter');
  await dashboard.becomes('#bulk-status', 'Dry run: 1 matches');
  await page.keyboard.type('discard');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#bulk-status', 'Matched 1, discarded 1, skipped 0.');
  await page.keyboard.press('Enter');
  await page.locator(`#view-body tr:has-text("${link}")`).waitFor({ state: 'detached' });
  t.equal(await page.locator('#view-body tbody tr').count(), 1);
  await page.goto(`${url}/#/dead-letters/${link.slice(1)}`);
  await dashboard.becomes('#view-body .state', 'discarded');
  await dashboard.becomes('#dead-letter-audit', /discarded.*anonymous/s);
  t.equal(await page.locator('#view-body button').count(), 0);
  dashboard.assertClean(t);
});

await t.test('Esc stops a replay that runs, and says how far it came', async (t) => {
  const client = new OrderClient(url);
  const dashboard = await DashboardPage.open(t, browser, `${url}/#/dead-letters`);
  const { page } = dashboard;
  for (let count = 0; count < 4; count += 1)
    await client.place(anOrder({ customerId: 'c-91', merchantId: 'm-9' }));
  await dashboard.becomes('#reason-counts', '5 the processor');
  await page.check('#select-all');
  await page.click('button:has-text("Replay selected (5)")');
  await dashboard.becomes('#bulk-status', 'Dry run: 5 match');
  await page.fill('#bulk-rate', '1');
  await page.fill('#bulk-typed', '5');
  await page.keyboard.press('Enter');
  await page.locator('.bulk progress:not([value="0"])').waitFor();
  await page.keyboard.press('Escape');
  await dashboard.becomes(
    '#bulk-status',
    /^Stopped.* So far: matched [1-4], replayed [1-4], skipped 0\. Repeating it is safe/,
  );
  await page.keyboard.press('Escape');
  await page.locator('.bulk').waitFor({ state: 'detached' });
});

/** The service with another processor, at the same address. */
async function restart(source: string): Promise<void> {
  await service.stop();
  await writeFile(PROCESSOR, source);
  service = await ServiceProcess.start('all', { ...environment, PORT: new URL(url).port });
}

/** Takes a picture if SCREENSHOTS names a folder. */
async function picture({ page }: DashboardPage, name: string): Promise<void> {
  const { SCREENSHOTS = '' } = process.env;
  if (SCREENSHOTS === '') return;
  await mkdir(SCREENSHOTS, { recursive: true });
  const { length } = await page.screenshot({
    path: join(SCREENSHOTS, `${name}.png`),
    animations: 'disabled',
  });
  if (length > MAX_BYTES) throw new Error(`${name}.png has ${length} bytes, more than ${MAX_BYTES}.`);
}
