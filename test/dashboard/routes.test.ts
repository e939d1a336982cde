import t from 'tap';

interface Route {
  name: string;
  id: string;
  query: URLSearchParams;
}

const { parseRoute, hrefOf } = (await import(
  new URL('../../src/dashboard/routes.js', import.meta.url).href
)) as {
  parseRoute: (hash: string) => Route;
  hrefOf: (name: string, options?: { id?: string | number; query?: Record<string, string> }) => string;
};

await t.test('every view has a URL that leads back to it', async (t) => {
  for (const [name, id] of [
    ['overview', undefined],
    ['search', undefined],
    ['order', '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70'],
    ['dead-letters', undefined],
    ['dead-letter', '17'],
    ['retrying', undefined],
    ['partitions', undefined],
    ['replicas', undefined],
  ] as const) {
    const query = { reason: 'a b&c=d?e#f', empty: '' };
    const href = hrefOf(name, { ...(id === undefined ? {} : { id }), query });
    const route = parseRoute(href);
    t.match(route, { name, id: id ?? '' }, href);
    t.same([...route.query], [['reason', 'a b&c=d?e#f']], 'empty parameters are left out');
  }
});

await t.test(
  'a page without a fragment is the overview; an unknown one is not taken for a view',
  async (t) => {
    for (const hash of ['', '#', '#/']) t.equal(parseRoute(hash).name, 'overview', hash);
    for (const hash of ['#/nowhere', '#content', '#/dead-letters/x', '#/orders/', '#/orders/a/b']) {
      t.equal(parseRoute(hash).name, 'unknown', hash);
    }
    t.equal(parseRoute('#/orders/%E0%A4%A').id, '%E0%A4%A', 'a broken escape is kept');
  },
);
