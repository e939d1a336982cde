import t from 'tap';
import { startHttp } from './http-under-test.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const { app } = await startHttp(t);

await t.test('the page and every file it links to are served with a strict policy', async (t) => {
  const { body } = await app.inject('/');
  const named = [...body.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(([, path]) => path ?? '');
  t.ok(named.length > 5, named.join());
  const seen = new Set<string>();
  for (const path of ['/', ...named]) {
    const response = await app.inject(path);
    t.equal(response.statusCode, 200, path);
    t.match(response.headers, {
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      etag: /"/,
    });
    seen.add(path);
  }

  await t.test('so is every file that its modules import', async (t) => {
    for (const path of seen) {
      if (!path.endsWith('.js')) continue;
      for (const [, name] of (await app.inject(path)).body.matchAll(/ from '(\.{1,2}\/.+)';$/gm)) {
        const imported = new URL(name ?? '', `http://localhost${path}`).pathname;
        if (seen.has(imported)) continue;
        seen.add(imported);
        t.equal((await app.inject(imported)).statusCode, 200, imported);
      }
    }
    t.ok(seen.has('/dashboard/uplot.js'));
    t.ok(seen.has('/dashboard/views/order.js'));
  });
});

await t.test('nothing is inline, and nothing comes from other hosts', async (t) => {
  const { body } = await app.inject('/');
  t.notMatch(body, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:/i);
  t.notMatch(body, /(?:src|href)="(?:https?:)?\/\//i);
});

await t.test('an unchanged file is not sent again', async (t) => {
  for (const path of ['/', '/dashboard/main.js', '/dashboard/uplot.js']) {
    const { headers } = await app.inject(path);
    const again = await app.inject({ url: path, headers: { 'if-none-match': headers.etag } });
    t.equal(again.statusCode, 304, path);
    t.equal(again.body, '');
  }
});

await t.test('other paths below it are 404', async (t) => {
  for (const path of ['tsconfig.json', 'uplot.d.ts', '', '../http-app.js', '%2e%2e/http-app.js', 'x.js']) {
    t.equal((await app.inject(`/dashboard/${path}`)).statusCode, 404, path);
  }
  t.equal((await app.inject({ method: 'POST', url: '/' })).statusCode, 405);
});

await t.test('the form names its fields by the pointers of problems', async (t) => {
  const { body } = await app.inject('/');
  const payload = {
    customerId: '',
    merchantId: '',
    currency: '',
    items: [{ sku: '', quantity: 'x', unitPrice: -1 }],
  };
  const problem = (await app.inject({ method: 'POST', url: '/v1/orders', payload })).json<{
    errors: { pointer: string }[];
  }>();
  const pointers = new Set(problem.errors.map(({ pointer }) => pointer));
  t.equal(pointers.size, 6);
  for (const pointer of pointers) t.match(body, `name="${pointer}"`);
});
