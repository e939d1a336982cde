import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { MockKafka } from '../support/mock-kafka.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DashboardPage } from './dashboard-page.ts';
import { startFailingService } from './failing-service.ts';

t.setTimeout(300_000);

const { url, dead, retrying } = await startFailingService(t);
const browser = await startChromium();
t.teardown(() => browser.close());

await t.test('the page is Live only while Kafka answers', async (t) => {
  const kafka = await MockKafka.start();
  t.teardown(() => kafka.stop());
  await kafka.createTopics('orders.commands', 'orders.status', 'orders.dlq');
  const environment = { DATA_DIR: await temporaryFolder(t), KAFKA_BROKERS: kafka.brokers };
  const onKafka = await ServiceProcess.start('all', environment);
  t.teardown(() => onKafka.stop());
  const dashboard = await DashboardPage.open(t, browser, `${onKafka.url}/`);
  await kafka.freeze();
  await dashboard.becomes('#connection', 'Event log down');
  await dashboard.becomes('#health', 'new orders are refused with 503');
  kafka.thaw();
  await dashboard.becomes('#connection', 'Live');
  t.notOk(await dashboard.page.locator('#health').isVisible());
});

await t.test('every view says that the store is down', async (t) => {
  const dashboard = await DashboardPage.open(t, browser, `${url}/`);
  await dashboard.page.route('**/v1/stats*', async (route) => {
    const response = await route.fetch();
    const dependencies = { log: 'up', store: 'down' };
    await route.fulfill({ response, json: { ...((await response.json()) as object), dependencies } });
  });
  for (const hash of ['#/replicas', '#/']) {
    await dashboard.goTo(hash);
    await dashboard.becomes('#connection', 'Store down');
    await dashboard.becomes('#health', 'orders are still accepted');
  }
  dashboard.assertClean(t);
});

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
      await dashboard.goTo(`#/retrying?customerId=x-${String(status)}`);
      await dashboard.becomes('#view-problem-text', text);
    }
    answer = undefined;
    await page.click('#view-retry');
    await dashboard.becomes('#view-body .empty', 'No order is being retried.');
    t.notOk(await page.locator('#view-problem').isVisible());

    await dashboard.goTo('#/retrying');
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
  await dashboard.goTo(`#/orders/${dead}`);
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
