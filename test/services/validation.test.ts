import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { Compile } from 'typebox/compile';
import { listValidationErrors, pointerTo } from '../../src/services/validation.ts';
import { NewOrder } from '../../src/order/order.ts';
import { anOrder } from '../support/order-client.ts';
import type { Cost } from './fixtures/cost-of-refusal.ts';

const compiled = Compile(NewOrder);
const costOfRefusal = fileURLToPath(new URL('./fixtures/cost-of-refusal.js', import.meta.url));
const item = { sku: 'a', quantity: 1, unitPrice: 5 };

await t.test('every error names its field', async (t) => {
  const errors = listValidationErrors(NewOrder, {
    merchantId: 7,
    currency: 'XX',
    items: [item, { ...item, quantity: '2', extra: 1 }, { sku: 'b' }],
    metadata: { channel: 1 },
  });
  t.same(
    errors.map(({ pointer }) => pointer),
    [
      '/customerId',
      '/merchantId',
      '/currency',
      '/items/1/quantity',
      '/items/1/extra',
      '/items/2/quantity',
      '/items/2/unitPrice',
      '/metadata/channel',
    ],
  );
  t.match(errors[2]?.detail, /ISO 4217/);
});

await t.test('at most eight errors are reported', async (t) => {
  const items = Array.from({ length: 100 }, () => ({ a: 1, b: 2 }));
  t.equal(listValidationErrors(NewOrder, anOrder({ items: items as never })).length, 8);
});

await t.test('pointers are escaped as RFC 6901 has it', async (t) => {
  t.equal(pointerTo('/a', 'b/c~d'), '/a/b~1c~0d');
  t.match(listValidationErrors(NewOrder, { ...anOrder(), 'x/y': 1 }), [{ pointer: '/x~1y' }]);
});

await t.test('pointers are cut, not in the middle of a character or an escape', async (t) => {
  t.equal(pointerTo('', 'k'.repeat(255)).length, 256);
  t.equal(pointerTo('', 'k'.repeat(300)), `/${'k'.repeat(254)}…`);
  t.equal(pointerTo(pointerTo('', 'k'.repeat(300)), 'more'), `/${'k'.repeat(254)}…`);
  t.equal(pointerTo('', `${'k'.repeat(253)}😀more`), `/${'k'.repeat(253)}…`);
  t.equal(pointerTo('', `${'k'.repeat(253)}~more`), `/${'k'.repeat(253)}…`);
  const errors = listValidationErrors(NewOrder, { ...anOrder(), metadata: { ['k'.repeat(60_000)]: 1 } });
  t.ok(JSON.stringify(errors).length < 1_000);
});

await t.test('metadata keys and values have a length, counted in characters', async (t) => {
  const errorsOf = (metadata: Record<string, string>) => {
    const order = { ...anOrder(), metadata };
    const errors = listValidationErrors(NewOrder, order);
    t.equal(compiled.Check(order), errors.length === 0);
    return errors;
  };
  t.same(errorsOf({ ['😀'.repeat(64)]: '😀'.repeat(500) }), []);
  t.match(errorsOf({ ['k'.repeat(65)]: '' }), [{ detail: 'must have a name of at most 64 characters' }]);
  t.match(errorsOf({ k: 'v'.repeat(501) }), [{ pointer: '/metadata/k', detail: /500 char/ }]);
});

await t.test('errors are found in exactly the values that the compiled schema refuses', async (t) => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>('a', '', 'INR', 'x'.repeat(65), 0, 1, -1, 1.5, 1001, null, true, {}, []),
    fc.anything(),
  );
  const anItem = fc.oneof(
    fc.constant(item),
    fc.record({ sku: leaf, name: leaf, quantity: leaf, unitPrice: leaf, more: leaf }, { requiredKeys: [] }),
    leaf,
  );
  const order = fc.record(
    {
      customerId: fc.oneof(fc.constant('c'), leaf),
      merchantId: fc.oneof(fc.constant('m'), leaf),
      currency: fc.oneof(fc.constant('INR'), leaf),
      items: fc.oneof(fc.array(anItem, { maxLength: 3 }), leaf),
      metadata: fc.oneof(
        fc.dictionary(
          fc.oneof(fc.string(), fc.constantFrom('k'.repeat(64), 'k'.repeat(65))),
          fc.oneof(fc.string(), fc.constant('v'.repeat(501)), leaf),
          { maxKeys: 22 },
        ),
        leaf,
      ),
      extra: leaf,
    },
    { requiredKeys: ['customerId', 'merchantId', 'currency', 'items'] },
  );
  // Only JSON can arrive as a body.
  const body = fc.oneof(order, leaf).map((value) => (JSON.parse(JSON.stringify([value])) as unknown[])[0]);
  fc.assert(
    fc.property(
      body,
      (value) => compiled.Check(value) === (listValidationErrors(NewOrder, value).length === 0),
    ),
    { numRuns: 2_000 },
  );
  t.pass('2000 bodies got the same result');
});

await t.test('refusing a hostile body costs not much more than parsing it', async (t) => {
  // In a process of its own without coverage, which would cost more than what is measured.
  const env = { ...process.env, NODE_V8_COVERAGE: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [costOfRefusal], { env });
  const costs = JSON.parse(stdout) as Cost[];
  t.equal(costs.length, 4);
  for (const { name, refusing, parsing } of costs) {
    t.ok(refusing < 5 * parsing, `${name}: ${refusing.toFixed(3)} ms against ${parsing.toFixed(3)} ms`);
  }
});
