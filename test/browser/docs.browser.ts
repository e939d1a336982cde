import t from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(600_000);

const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
t.teardown(() => service.stop());
const browser = await startChromium();
t.teardown(() => browser.close());

await t.test('"Try it out" on /docs creates an order each time, exactly as filled in', async (t) => {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(`${service.url}/docs`);
  const operation = page.locator('#operations-orders-createOrder');
  await operation.locator('.opblock-summary-control').first().click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  for (const header of ['idempotency-key', 'prefer']) {
    const field = operation.locator(`tr[data-param-name="${header}"] input`);
    t.equal(await field.inputValue(), '', `${header} starts empty`);
  }
  const ids = new Set<string>();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const responding = page.waitForResponse((response) => response.request().method() === 'POST');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const response = await responding;
    t.equal(response.status(), 202);
    ids.add(((await response.json()) as { id: string }).id);
  }
  t.equal(ids.size, 2);
  t.same(errors, [], 'nothing breaks the Content-Security-Policy');
});
