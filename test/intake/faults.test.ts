import fc from 'fast-check';
import t from 'tap';
import { Compile } from 'typebox/compile';
import { listFaults, pointerTo } from '../../src/intake/faults.ts';
import { NewOrder } from '../../src/order/order.ts';
import { anOrder } from '../support/order-client.ts';

const compiled = Compile(NewOrder);
const manyFaults = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, 1]));
const item = { sku: 'a', quantity: 1, unitPrice: 5 };

await t.test('every fault is told at the field it is in', async (t) => {
  const faults = listFaults(NewOrder, {
    merchantId: 7,
    currency: 'XX',
    items: [item, { ...item, quantity: '2', extra: 1 }, { sku: 'b' }],
    metadata: { channel: 1 },
  });
  t.same(
    faults.map(({ pointer }) => pointer),
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
  t.match(faults[2]?.detail, /ISO 4217/);
});

await t.test('no more than eight faults are told', async (t) => {
  const items = Array.from({ length: 100 }, () => ({ a: 1, b: 2 }));
  t.equal(listFaults(NewOrder, anOrder({ items: items as never })).length, 8);
});

await t.test('pointers are escaped as RFC 6901 has it', async (t) => {
  t.equal(pointerTo('/a', 'b/c~d'), '/a/b~1c~0d');
  t.match(listFaults(NewOrder, { ...anOrder(), 'x/y': 1 }), [{ pointer: '/x~1y' }]);
});

await t.test('a fault is found in exactly the values that the compiled schema refuses', async (t) => {
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
      metadata: fc.oneof(fc.dictionary(fc.string(), fc.oneof(fc.string(), leaf), { maxKeys: 22 }), leaf),
      extra: leaf,
    },
    { requiredKeys: ['customerId', 'merchantId', 'currency', 'items'] },
  );
  // What came as JSON is what a body can be.
  const body = fc.oneof(order, leaf).map((value) => (JSON.parse(JSON.stringify([value])) as unknown[])[0]);
  fc.assert(
    fc.property(body, (value) => compiled.Check(value) === (listFaults(NewOrder, value).length === 0)),
    { numRuns: 2_000 },
  );
  t.pass('2000 bodies were judged alike');
});

await t.test('to refuse a hostile body costs not much more than to parse it', async (t) => {
  const good = anOrder({ items: Array.from({ length: 100 }, () => ({ ...item, name: 'x'.repeat(200) })) });
  const manyNames = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1]));
  const hostile = {
    'a long list': { ...good, items: Array.from({ length: 30_000 }, () => 1) },
    'many unknown fields': manyNames,
    'much metadata': { ...good, metadata: manyNames },
    'many faults in many items': { ...good, items: Array.from({ length: 100 }, () => manyFaults) },
  };
  for (const [name, body] of Object.entries(hostile)) {
    const text = JSON.stringify(body);
    const parsing = fastest(() => JSON.parse(text));
    const refusing = fastest(() => compiled.Check(body) || listFaults(NewOrder, body));
    t.ok(refusing < 5 * parsing, `${name}: ${refusing.toFixed(3)} ms against ${parsing.toFixed(3)} ms`);
  }
});

/** Milliseconds. For long enough that a busy machine has compiled it: the compiler's thread has to wait its turn. */
function fastest(work: () => unknown): number {
  const startedAt = performance.now();
  const times: number[] = [];
  while (times.length < 50 || performance.now() - startedAt < 300) {
    const before = performance.now();
    work();
    times.push(performance.now() - before);
  }
  return Math.min(...times);
}
