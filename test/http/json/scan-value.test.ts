import fc from 'fast-check';
import t from 'tap';
import { createOrderScanner } from '../../../src/http/json/order-scanner.ts';
import { createValueScanner } from '../../../src/http/json/scan-value.ts';
import { MAX_ITEMS, MAX_METADATA_PAIRS } from '../../../src/order/order.ts';

const scan = createValueScanner(['sku', 'quantity'], { depth: 3, values: 5, otherNames: 2 });
const refusalOf = (text: string) => scan(Buffer.from(text), 0).refusal;

await t.test('the end of a value is found among other bytes', async (t) => {
  const json = fc.json({ maxDepth: 4 });
  const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
  fc.assert(
    fc.property(json, space, fc.constantFrom(',', ']', '}'), (value, before, after) => {
      const bytes = Buffer.from(`${before}${value}${after}"rest" : [1`);
      const { end } = scan(bytes, 0);
      return bytes.toString('utf8', 0, end) === before + value;
    }),
    { numRuns: 2_000 },
  );
  t.pass('2000 values');
});

await t.test('what has no end reaches to the last byte', async (t) => {
  for (const text of ['', ' ', '"', '"\\', '{', '[[]', '1', 'x'.repeat(50), ':::']) {
    t.equal(scan(Buffer.from(text), 0).end, text.length, text);
  }
});

await t.test('depth is limited', async (t) => {
  t.equal(refusalOf('[[[]]]'), undefined);
  t.match(refusalOf('[[[[]]]]'), /nests deeper than 3 levels/);
  t.match(refusalOf('[[[{'), /nests deeper/, 'without an end, too');
  t.equal(refusalOf('["[[[[","{{{{"]'), undefined, 'brackets in texts do not count');
});

await t.test('names that are not known are limited, known ones are not', async (t) => {
  t.equal(refusalOf(`{${'"sku":1,"quantity":2,'.repeat(50)}"a":1,"b":2}`), undefined);
  t.match(refusalOf('{"a":1,"b":2,"c":3}'), /more than 2 field names/);
  t.match(refusalOf('{"a":1,"sku ":2,"\\u0073ku":3}'), /more than 2 field names/, 'compared byte by byte');
  t.match(refusalOf('{"sku"::::'), /more than 2 field names/, 'a colon without a name is not a known one');
});

await t.test('objects, lists and texts are limited, numbers are not', async (t) => {
  t.equal(refusalOf(`[${'1,'.repeat(1000)}1]`), undefined);
  t.equal(refusalOf('["a","b","c","d"]'), undefined);
  t.match(refusalOf('["a","b","c","d","e"]'), /more than 5 objects/);
  t.match(refusalOf('[{},[],{},[],{}]'), /more than 5 objects/);
});

await t.test('the largest order passes, with some mistakes', async (t) => {
  const item = { sku: 'a', name: 'b', quantity: 1, unitPrice: 5 };
  const pairs = Array.from({ length: MAX_METADATA_PAIRS }, (_, index) => [`k${index}`, 'v'] as const);
  const order = {
    customerId: 'c',
    merchantId: 'm',
    currency: 'INR',
    items: Array.from({ length: MAX_ITEMS }, () => item),
    metadata: Object.fromEntries(pairs),
    unknown: [{ nested: { deeply: 1 } }],
  };
  t.equal(createOrderScanner()(Buffer.from(JSON.stringify(order)), 0).refusal, undefined);
});
