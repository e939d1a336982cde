import fc from 'fast-check';
import t from 'tap';
import { ServiceError } from '../../../src/base/errors.ts';
import { createOrderScanner } from '../../../src/http/json/order-scanner.ts';
import { readBatch } from '../../../src/http/json/read-batch.ts';
import { createValueScanner } from '../../../src/http/json/scan-value.ts';

const scan = createOrderScanner();
const read = async (text: string, maxOrders = 1000) => readBatch(Buffer.from(text), scan, maxOrders);
const orders = async (text: string) => ((await read(text)) as { orders: unknown[] }).orders;

await t.test('a batch is read as JSON.parse reads it', async (t) => {
  const anyStructure = createValueScanner([], { depth: 99, values: 9_999, otherNames: 9_999 });
  const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
  const value = fc
    .jsonValue({ maxDepth: 3 })
    .filter((json) => !/__proto__|constructor/.test(JSON.stringify(json)));
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 5 }), space, async (values, gap) => {
      const list = values.map((json) => gap + JSON.stringify(json) + gap).join(',');
      const text = `${gap}{${gap}"orders"${gap}:${gap}[${list}${gap}]${gap}}${gap}`;
      const body = await readBatch(Buffer.from(text), anyStructure, 1000);
      return JSON.stringify(body) === JSON.stringify(JSON.parse(text));
    }),
    { numRuns: 300 },
  );
  t.pass('300 batches');
});

await t.test('any text is read as JSON.parse reads it, or refused', async (t) => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '"orders"',
    '1',
    'x',
    ' ',
    '"a"',
    '{}',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const text = pieces.join('');
      try {
        const body = await read(text);
        return JSON.stringify(body) === JSON.stringify(JSON.parse(text));
      } catch (error) {
        // JSON.parse would throw a SyntaxError.
        return error instanceof ServiceError;
      }
    }),
    { numRuns: 5_000 },
  );
  t.pass('5000 texts');
});

await t.test('malformed JSON anywhere refuses the whole batch and says where', async (t) => {
  for (const [text, detail] of [
    ['', /empty/],
    ['{', /ends too early/],
    ['{"orders"', /ends too early/],
    ['{"orders":[1', /ends too early/],
    ['{"orders":[1]', /ends too early/],
    ['{"orders":[1,]}', /Order 1:/],
    ['{"orders":[1 2]}', /Order 0:/],
    ['{"orders":[1,{"a":}]}', /Order 1: Unexpected token/],
    ['{"orders":[1]]', /Byte 13/],
    ['{"orders":[1]}x', /Byte 14/],
    ['{orders:[1]}', /Byte 1 /],
    ['{"orders":[],}', /Byte 13/],
  ] as const) {
    await t.rejects(read(text), { code: 'malformed-json', message: detail }, text);
  }
});

await t.test('anything but one list of orders is refused, or left for the schema to refuse', async (t) => {
  await t.rejects(read('{"orders":[1],"x":1}'), {
    errors: [{ pointer: '/x', detail: 'is not a known field' }],
  });
  await t.rejects(read('{"orders":[1],"orders":[2]}'), { errors: [{ pointer: '/orders' }] });
  await t.rejects(read('{"orders":[1,2,3]}', 2), {
    errors: [{ pointer: '/orders', detail: /more than 2 items/ }],
  });
  t.strictSame(await read('{}'), {});
  t.strictSame(await read('[1]'), [1]);
  t.strictSame(await read('{"orders":{"a":1}}'), { orders: { a: 1 } });
  const manyFields = Array.from({ length: 25 }, (_, index) => `"k${index}":1`).join(',');
  t.strictSame(await read(`{"orders":{${manyFields}}}`), { orders: null }, 'not parsed');
});

await t.test('an order is refused without spoiling the others', async (t) => {
  const big = `{"metadata":{"a":"${'x'.repeat(66_000)}"}}`;
  const names = Array.from({ length: 25 }, (_, index) => `"k${index}":1`).join(',');
  const read = await orders(`{"orders":[1,${big},{"a":{"__proto__":1}},[[[[[[[[[]]]]]]]]],{${names}},2]}`);
  t.match(read, [
    1,
    { code: 'body-too-large' },
    { code: 'validation-failed', errors: [{ pointer: '/a/__proto__' }] },
    { code: 'validation-failed', errors: [{ pointer: '', detail: /deeper/ }] },
    { code: 'validation-failed', errors: [{ pointer: '', detail: /more than 24 field names/ }] },
    2,
  ]);
});

await t.test('a large batch is parsed in slices', async (t) => {
  const text = `{"orders":[${Array.from({ length: 100 }, () => `"${'x'.repeat(10_000)}"`).join(',')}]}`;
  let turns = 0;
  const count = () => {
    turns += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  await read(text);
  clearImmediate(immediate);
  t.ok(turns >= 5, `${turns} turns of the event loop`);
});
