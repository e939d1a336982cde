import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startChromium } from '../../tools/support/chromium.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { AUDIENCE, TokenIssuer } from '../support/token-issuer.ts';

t.setTimeout(300_000);

const DEADLINE_MS = 60_000;
const READ = 'orders:read dead-letters:read stats:read';
const ALL = `${READ} orders:create orders:transition dead-letters:write`;

const folder = await temporaryFolder(t);
const issuer = await TokenIssuer.start(t);
const keys = join(folder, 'keys.json');
await writeFile(keys, JSON.stringify(issuer.keySet()));
const PROCESSOR = join(folder, 'processor.mjs');
await writeFile(PROCESSOR, `export function process() { throw new Error('the secret of the kitchen'); }\n`);
const service = await ServiceProcess.start('all', {
  DATA_DIR: folder,
  PROCESSOR,
  AUTH_ISSUER: issuer.url,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_JWKS_FILE: keys,
});
t.teardown(() => service.stop());
const browser = await startChromium();
t.teardown(() => browser.close());

const token = (sub: string, claims: Record<string, unknown>) => issuer.token({ claims: { sub, ...claims } });
const authorization = `Bearer ${await token('service', { scope: ALL })}`;
const client = new OrderClient(service.url);
const { id } = (await client.place(anOrder({ customerId: 'c-cleo' }), { authorization })).body;
await eventually(
  async () => {
    const response = await fetch(`${service.url}/v1/dead-letters`, { headers: { authorization } });
    return ((await response.json()) as { data: unknown[] }).data.length === 1;
  },
  { what: 'a dead letter' },
);

/** The page at a view, opened by someone who then signs in. */
async function signedIn(t: Test, hash: string, sub: string, claims: Record<string, unknown>) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const refused: string[] = [];
  page.on('response', (response) => {
    if (response.status() === 403) refused.push(response.url());
  });
  await page.goto(`${service.url}/${hash}`);
  await page.locator('#sign-in[open]').waitFor();
  await page.fill('#token', await token(sub, claims));
  await page.click('#sign-in-submit');
  await page.locator('#sign-in').waitFor({ state: 'hidden' });
  const becomes = (selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).waitFor();
  const views = () =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('#views a')].filter((link) => link.checkVisibility()).map((link) => link.dataset.view)`,
    );
  return { page, refused, becomes, views };
}

await t.test(
  'a reader without dead-letters:write sees them, and that another scope replays them',
  async (t) => {
    const { page, refused, becomes } = await signedIn(t, '#/dead-letters', 'ada', { scope: READ });
    await becomes('#view-body .list', 'the secret of the kitchen');
    await becomes('#read-only', 'dead-letters:write');
    t.equal(await page.locator('#view input[type=checkbox]').count(), 0);
    for (const hash of [`#/orders/${id}`, '#/dead-letters/1']) {
      await page.goto(`${service.url}/${hash}`);
      await becomes('#view-body .causes', 'the secret of the kitchen');
      t.equal(await page.locator('#view-body button').count(), 0, hash);
    }
    t.same(refused, []);
  },
);

await t.test('after signing in, a link opens its view; with the scope there are buttons', async (t) => {
  const { page, becomes, views } = await signedIn(t, '#/dead-letters/1', 'ada', { scope: ALL });
  await becomes('#view-title', 'Dead letter #1');
  await becomes('#view-body button >> nth=0', 'Replay');
  t.same(await views(), ['overview', 'search', 'dead-letters', 'retrying', 'partitions', 'replicas']);

  await t.test('signing out leaves neither the view nor its address', async (t) => {
    await page.click('#sign-out');
    await page.locator('#sign-in[open]').waitFor();
    t.notMatch(await page.content(), 'the secret of the kitchen');
    t.notMatch(page.url(), 'dead-letters');
  });
});

await t.test('a customer finds its own order and a reason, but neither errors nor other views', async (t) => {
  const claims = { scope: ALL, customer_id: 'c-cleo' };
  const { page, refused, becomes, views } = await signedIn(t, '#/search?q=c-cleo', 'cleo', claims);
  await page.click(`#view-body a[href="#/orders/${id}"]`);
  await becomes('#order-reason', 'Why it failed');
  await becomes('#view-body', 'shown to callers with the scope dead-letters:read');
  t.notMatch(await page.content(), 'the secret of the kitchen');
  t.same(await views(), ['overview', 'search']);
  for (const hash of ['#/dead-letters', '#/retrying', '#/partitions', '#/replicas']) {
    await page.goto(`${service.url}/${hash}`);
    await becomes('#view-problem-text', /for callers who may use all orders\. You are signed in as .*cleo/);
    t.equal(await page.locator('#view-body > *').count(), 0, hash);
  }
  await becomes('#connection', 'Live');
  t.same(refused, [], 'it asks for nothing that it may not read');
});

await t.test('a view explains which scope it lacks', async (t) => {
  const { becomes, views } = await signedIn(t, '#/retrying', 'bob', { scope: 'stats:read' });
  await becomes('#view-problem-text', /needs the scope dead-letters:read\. You are signed in as .*bob/);
  t.same(await views(), ['overview', 'partitions', 'replicas']);
});
