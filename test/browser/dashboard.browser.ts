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

await t.test('an order that is placed in the form is seen confirmed without a reload', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.fill('#customerId', 'c-browser');
  await page.click('button[type=submit]');
  await dashboard.becomes('#placed-status', 'confirmed');
  const id = await dashboard.text('#placed-id');
  t.match((await new OrderClient(url).order(id)).body, { id, status: 'confirmed', customerId: 'c-browser' });
  await dashboard.becomes('#orders', 'c-browser');
  await dashboard.becomes('#accepted-total', /^[1-9]/);
  await dashboard.becomes('#confirmed-total', /^[1-9]/);
  await dashboard.becomes('#accept-p50', /\d m?s$/);
  await dashboard.becomes('#confirm-p99', /\d m?s$/);

  await t.test('and is moved on to its end, here and in the list', async (t) => {
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
  t.equal(dashboard.loads, 1);
  dashboard.isClean(t);
});

await t.test('what is wrong with an order is said at its field', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.fill('#quantity', 'two');
  await page.fill('#customerId', 'nobody at all');
  await page.click('button[type=submit]');
  await page.locator('#quantity-error').waitFor();
  t.match(await dashboard.text('#quantity-error'), /integer/);
  t.match(await dashboard.text('#customerId-error'), /\S/);
  t.equal(await page.getAttribute('#quantity', 'aria-invalid'), 'true');
  t.equal(await page.getAttribute('#quantity', 'aria-describedby'), 'quantity-error');
  t.equal(await page.getAttribute('#merchantId', 'aria-invalid'), null);
  t.match(await dashboard.text('#problem'), 'The request does not match its schema');
  t.equal(await page.evaluate('document.activeElement.id'), 'customerId', 'the first field at fault');
  t.notOk(await page.locator('#placed').isVisible());

  await page.fill('#quantity', '1000');
  await page.fill('#customerId', 'c-1');
  await page.click('button[type=submit]');
  await dashboard.becomes('#placed-status', 'confirmed');
  t.equal(await page.locator('.error').count(), 0, 'and it goes when it is put right');
  t.notOk(await page.locator('#problem').isVisible());
  // Chromium notes each answer of 400 in the console.
  t.same(
    dashboard.errors.filter((error) => !error.includes('status of 400')),
    [],
  );
  t.same(dashboard.strangers, []);
});

await t.test('it is used by the keyboard alone', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.className'), 'skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.id'), 'customerId', 'past everything else');
  t.not(
    await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
    'none',
    'the focus is seen',
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
  dashboard.isClean(t);
});

await t.test('it is light where light is liked, and dark where dark is', async (t) => {
  const lightness: number[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const dashboard = await DashboardPage.open(t, browser, `${url}/`, { colorScheme });
    const colour = await dashboard.page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    lightness.push(Number(/\d+/.exec(colour)?.[0]));
    dashboard.isClean(t);
  }
  const [light = 0, dark = 255] = lightness;
  t.ok(light > 200 && dark < 50, `${light} and ${dark}`);
});

await t.test('a page that nobody looks at asks for nothing, and goes on when it is looked at', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  let asked = 0;
  page.on('request', () => (asked += 1));
  const setHidden = (isHidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  await setHidden(true);
  await dashboard.becomes('#connection', 'Paused');
  const askedBefore = asked;
  await page.waitForTimeout(2_500);
  t.equal(asked, askedBefore);
  await setHidden(false);
  await dashboard.becomes('#connection', 'Live');
  t.ok(asked > askedBefore);
  dashboard.isClean(t);
});

await t.test('when the server is cut off it comes back by itself and goes on', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  const { page } = dashboard;
  await page.click('button[type=submit]');
  await dashboard.becomes('#placed-status', 'confirmed');
  const id = await dashboard.text('#placed-id');
  await service.kill();
  await dashboard.becomes('#connection', 'Reconnecting');

  // What is sent meanwhile is not lost for whoever sends it again.
  await page.fill('#customerId', 'c-cut');
  await page.click('button[type=submit]');
  await dashboard.becomes('#problem', 'did not answer');

  service = await ServiceProcess.start('all', { DATA_DIR: folder, PORT: new URL(url).port });
  await dashboard.becomes('#connection', 'Live');
  const client = new OrderClient(url);
  t.equal((await client.transition(id, 'preparing')).status, 202);
  await dashboard.becomes('#placed-status', 'preparing');
  await client.place(anOrder({ customerId: 'c-after' }));
  await dashboard.becomes('#orders', 'c-after');
  await page.click('button[type=submit]');
  await dashboard.becomes('#placed-status', 'confirmed');
  t.notOk(await page.locator('#problem').isVisible());
  await eventually(
    async () => {
      const { body } = await client.get<{ data: unknown[] }>('/v1/orders?customerId=c-cut');
      return body.data.length === 1;
    },
    { what: 'one order of the customer who sent it twice' },
  );
  t.equal(dashboard.loads, 1, 'without a reload');
  dashboard.isClean(t, { wasCut: true });
});
