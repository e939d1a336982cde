import t from 'tap';

interface Search {
  orderId?: string;
  filters?: Record<string, string>;
  explanation: string;
  alternative?: string;
}

const { parseSearch } = (await import(
  new URL('../../src/dashboard/search-query.js', import.meta.url).href
)) as {
  parseSearch: (text: string) => Search;
};

const ID = '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70';

await t.test('an order id opens the order', async (t) => {
  for (const text of [ID, `  ${ID.toUpperCase()} `, `order:${ID}`, `o:${ID}`]) {
    t.match(parseSearch(text), { orderId: ID }, text);
  }
  t.match(parseSearch('order:0199e6a2'), { orderId: undefined, explanation: /whole id/ });
});

await t.test('prefixes name the field, in full or by the first letter, and combine', async (t) => {
  t.same(parseSearch('c:c-1').filters, { customerId: 'c-1' });
  t.same(parseSearch('customer:a:b').filters, { customerId: 'a:b' });
  t.same(parseSearch('Merchant:m-9 s:failed').filters, { merchantId: 'm-9', status: 'failed' });
  t.same(parseSearch('c-1 failed').filters, { customerId: 'c-1', status: 'failed' });
  t.same(parseSearch('status:failed after:2026-11-29T18:30:00Z').filters, {
    status: 'failed',
    createdAfter: '2026-11-29T18:30:00.000Z',
  });
});

await t.test(
  'an id without a prefix is searched as a customer id, and as a merchant id on request',
  async (t) => {
    t.match(parseSearch('c-1'), {
      filters: { customerId: 'c-1' },
      alternative: 'merchant:c-1',
      explanation: /c-1/,
    });
    t.match(parseSearch('x:y'), { filters: { customerId: 'x:y' } }, 'an id may have a colon');
  },
);

await t.test('a query that cannot be understood is explained', async (t) => {
  for (const [text, explanation] of [
    ['customer:', /value after/],
    ['c-1 m:a/b', /no id/],
    ['status:lost', /no status.*failed/],
    ['after:yesterday', /no date/],
  ] as const) {
    t.match(parseSearch(text), { filters: undefined, orderId: undefined, explanation }, text);
  }
  t.same(parseSearch('  '), { explanation: '' });
});
