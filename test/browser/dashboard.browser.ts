import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DashboardPage } from './dashboard-page.ts';

t.setTimeout(600_000);

const folder = await temporaryFolder(t);
let service = await ServiceProcess.start('all', { DATA_DIR: folder });
t.teardown(() => service.stop());
const { url } = service;
const browser = await startChromium();
t.teardown(() => browser.close());

await t.test('an order that is placed in the form becomes confirmed without a reload', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.fill('#customerId', 'c-browser');
  await page.click('#place-order button');
  await dashboard.becomes('#placed-status', 'confirmed');
  const id = await dashboard.text('#placed-id');
  t.match((await new OrderClient(url).order(id)).body, { id, status: 'confirmed', customerId: 'c-browser' });
  await dashboard.becomes('#orders', 'c-browser');
  await dashboard.becomes('#accepted-total', /^[1-9]/);
  await dashboard.becomes('#confirmed-total', /^[1-9]/);
  await dashboard.becomes('#accept-p50', /\d m?s$/);
  await dashboard.becomes('#confirm-p99', /\d m?s$/);

  await t.test('its buttons move it to its final status, which the list shows, too', async (t) => {
    for (const [verb, status] of [
      ['Prepare', 'preparing'],
      ['Dispatch', 'dispatched'],
      ['Deliver', 'delivered'],
    ] as const) {
      await page.click(`#moves button:has-text("${verb}")`);
      await dashboard.becomes('#placed-status', status);
    }
    t.equal(await page.locator('#moves button').count(), 0);
    await dashboard.becomes(`#orders tr:has-text("${id.slice(-8)}")`, 'delivered');
  });
  for (const part of ['#sign-in', '#identity', '#notice']) {
    t.notOk(await page.locator(part).isVisible(), `${part}: authentication is off`);
  }
  t.equal(dashboard.loads, 1);
  dashboard.assertClean(t);
});

await t.test('validation errors are shown at their fields', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.fill('#quantity', 'two');
  await page.fill('#customerId', 'nobody at all');
  await page.click('#place-order button');
  await page.locator('#quantity-error').waitFor();
  t.match(await dashboard.text('#quantity-error'), /integer/);
  t.match(await dashboard.text('#customerId-error'), /\S/);
  t.equal(await page.getAttribute('#quantity', 'aria-invalid'), 'true');
  t.equal(await page.getAttribute('#quantity', 'aria-describedby'), 'quantity-error');
  t.equal(await page.getAttribute('#merchantId', 'aria-invalid'), null);
  t.match(await dashboard.text('#problem'), 'The request does not match its schema');
  t.equal(
    await page.evaluate('document.activeElement.id'),
    'customerId',
    'the first invalid field has the focus',
  );
  t.notOk(await page.locator('#placed').isVisible());

  await page.fill('#quantity', '1000');
  await page.fill('#customerId', 'c-1');
  await page.click('#place-order button');
  await dashboard.becomes('#placed-status', 'confirmed');
  t.equal(await page.locator('.error').count(), 0, 'the errors disappear when the order is valid');
  t.notOk(await page.locator('#problem').isVisible());
  // Chromium logs each 400 to the console.
  t.same(
    dashboard.errors.filter((error) => !error.includes('status of 400')),
    [],
  );
  t.same(dashboard.foreignRequests, []);
});

await t.test('it works with the keyboard alone', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.className'), 'skip');
  await page.keyboard.press('Enter');
  t.equal(await page.evaluate('document.activeElement.id'), 'content');
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.className'), 'skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.id'), 'customerId', 'the skip link leads to the form');
  t.not(
    await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
    'none',
    'the focus is visible',
  );
  await page.keyboard.press('Control+A');
  await page.keyboard.type('c-keys');
  for (let fields = 0; fields < 6; fields += 1) await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.id'), 'currency');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await dashboard.becomes('#placed-status', 'confirmed');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#placed-status', 'preparing');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dashboard.becomes('#placed-status', 'cancelled');
  dashboard.assertClean(t);
});

await t.test('it follows the light or dark color scheme', async (t) => {
  const lightness: number[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const dashboard = await DashboardPage.open(t, browser, `${url}/`, { colorScheme });
    const colour = await dashboard.page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    lightness.push(Number(/\d+/.exec(colour)?.[0]));
    dashboard.assertClean(t);
  }
  const [light = 0, dark = 255] = lightness;
  t.ok(light > 200 && dark < 50, `${light} and ${dark}`);
});

await t.test('a hidden page sends no requests and resumes when it is visible', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  let requests = 0;
  page.on('request', () => (requests += 1));
  const setHidden = (isHidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  await setHidden(true);
  await dashboard.becomes('#connection', 'Paused');
  const requestsBefore = requests;
  await page.waitForTimeout(2_500);
  t.equal(requests, requestsBefore);
  await setHidden(false);
  await dashboard.becomes('#connection', 'Live');
  t.ok(requests > requestsBefore);
  dashboard.assertClean(t);
});

await t.test('it reconnects by itself after the server was down', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.click('#place-order button');
  await dashboard.becomes('#placed-status', 'confirmed');
  const id = await dashboard.text('#placed-id');
  await service.kill();
  await dashboard.becomes('#connection', 'Reconnecting');

  // An order that is sent in the meantime can be sent again later.
  await page.fill('#customerId', 'c-outage');
  await page.click('#place-order button');
  await dashboard.becomes('#problem', 'did not answer');

  service = await ServiceProcess.start('all', { DATA_DIR: folder, PORT: new URL(url).port });
  await dashboard.becomes('#connection', 'Live');
  const client = new OrderClient(url);
  t.equal((await client.transition(id, 'preparing')).status, 202);
  await dashboard.becomes('#placed-status', 'preparing');
  await client.place(anOrder({ customerId: 'c-after' }));
  await dashboard.becomes('#orders', 'c-after');
  await page.click('#place-order button');
  await dashboard.becomes('#placed-status', 'confirmed');
  t.notOk(await page.locator('#problem').isVisible());
  await eventually(
    async () => {
      const { body } = await client.get<{ data: unknown[] }>('/v1/orders?customerId=c-outage');
      return body.data.length === 1;
    },
    { what: 'one order, although it was sent twice' },
  );
  t.equal(dashboard.loads, 1, 'without a reload');
  dashboard.assertClean(t, { hadOutage: true });
});
