import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { hasCode } from '../../src/base/errors.ts';
import type { Command } from '../../src/order/commands.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { createPlacedReader } from '../../src/order/placed-text.ts';
import { copyOfOrder, itemsText, metadataText, RecordedOrder } from '../../src/order/recorded-order.ts';
import { placeOrder, requestTransition } from './arbitraries.ts';

const codec = createEventCodec();
const readPlaced = createPlacedReader();

const order = {
  customerId: 'c-1',
  merchantId: 'm-1',
  currency: 'INR',
  items: [
    { sku: 'biryani', name: 'बिरयानी', quantity: 2, unitPrice: 25_000 },
    { sku: 'raita', quantity: 1000, unitPrice: 1_000_000_000 },
  ],
  metadata: { channel: 'app', note: '' },
  total: 54_000,
};
const command = {
  kind: 'place',
  eventId: 'e-1',
  orderId: 'o-1',
  time: Date.UTC(2026, 10, 22, 10, 30, 59, 7),
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  order,
  fingerprint: 'tZ_-x',
} as const satisfies Command;
const written = codec.encodeCommand(command).toString();

/** With a plain order, or the error of a record that is refused. */
function outcomeOf(decode: (text: string) => Command, text: string): Command | string {
  try {
    const decoded = decode(text);
    return decoded.kind === 'place' ? { ...decoded, order: copyOfOrder(decoded.order) } : decoded;
  } catch (error) {
    assert(hasCode(error, 'record-undecodable'));
    return String(error);
  }
}

const read = (text: string) => outcomeOf((value) => codec.readCommand(value), text);
const decode = (text: string) => outcomeOf((value) => codec.decodeCommand(value), text);

await t.test('an order that this service wrote is read without parsing it', async (t) => {
  const placed = readPlaced(written);
  t.type(placed?.order, RecordedOrder);
  assert.deepStrictEqual(read(written), command);
  const small = {
    ...command,
    order: { ...order, metadata: {} },
    traceparent: undefined,
    fingerprint: undefined,
  };
  assert.deepStrictEqual(read(codec.encodeCommand(small).toString()), small);
  t.ok(readPlaced(codec.encodeCommand(small).toString()));
});

await t.test('the store gets the text of items and metadata as the record has it', async (t) => {
  const placed = readPlaced(written);
  assert(placed !== undefined);
  t.equal(itemsText(placed.order), JSON.stringify(order.items));
  t.equal(metadataText(placed.order), JSON.stringify(order.metadata));
  t.equal(itemsText(order), JSON.stringify(order.items));
  t.equal(metadataText(order), JSON.stringify(order.metadata));
  const { customerId, merchantId, currency, items, total } = order;
  const without = { customerId, merchantId, currency, items, total };
  t.equal(metadataText(without), null);
  const bare = readPlaced(codec.encodeCommand({ ...command, order: without }).toString());
  assert(bare !== undefined);
  t.equal(metadataText(bare.order), null);
  t.strictSame(copyOfOrder(bare.order), without);
});

await t.test('a copy of an order shares nothing with it', async (t) => {
  const recorded = readPlaced(written)?.order;
  assert(recorded !== undefined);
  for (const original of [order, recorded]) {
    const copy = copyOfOrder(original);
    copy.items[0] = { sku: 'changed', quantity: 1, unitPrice: 0 };
    t.strictSame(copyOfOrder(original), order);
  }
});

await t.test('reading and decoding agree on every command', async (t) => {
  fc.assert(
    fc.property(fc.oneof(placeOrder, requestTransition), (any) => {
      const text = codec.encodeCommand(any).toString();
      assert.deepStrictEqual(read(text), decode(text));
    }),
    { numRuns: 500 },
  );
  t.pass();
});

await t.test('reading and decoding agree on every damaged record', async (t) => {
  const damage = fc.record({
    at: fc.nat({ max: written.length - 1 }),
    length: fc.nat({ max: 3 }),
    text: fc.oneof(
      fc.string({ maxLength: 2 }),
      fc.constantFrom('"', '\\', '{', '}', ',', '0', '1', '-', '1e3', '\n'),
    ),
  });
  fc.assert(
    fc.property(damage, ({ at, length, text }) => {
      const damaged = written.slice(0, at) + text + written.slice(at + length);
      assert.deepStrictEqual(read(damaged), decode(damaged));
    }),
    { numRuns: 1_500 },
  );
  t.pass();
});

await t.test('reading refuses what decoding refuses, for the same reason', async (t) => {
  const changed = (from: string | RegExp, to: string) => {
    const text = written.replace(from, to);
    t.not(text, written, `contains ${String(from)}`);
    return text;
  };
  const item = JSON.stringify(order.items[1]);
  const refused = [
    changed('"INR"', '"QQQ"'),
    changed('"total":54000', '"total":9007199254740993'),
    changed('"total":54000', '"total":054000'),
    changed('2026-11-22', '2026-02-30'),
    changed('10:30:59.007Z', '10:30:61.007Z'),
    changed('"quantity":2', '"quantity":1001'),
    changed('"quantity":2', '"quantity":0'),
    changed('1000000000', '1000000001'),
    changed('बिरयानी', 'x'.repeat(201)),
    changed('"sku":"raita"', '"sku":""'),
    changed('"sku":"raita"', `"sku":"${'r'.repeat(65)}"`),
    changed('"c-1"', '"c 1"'),
    changed('"subject":"o-1"', `"subject":"${'o'.repeat(65)}"`),
    changed(item, Array(100).fill(item).join(',')),
    changed('"note":""', Array.from({ length: 20 }, (_, index) => `"${index}":""`).join(',')),
    changed('"note":""', '"note":1'),
    changed(/}$/, ''),
    `${written}x`,
  ];
  for (const text of refused) {
    const outcome = read(text);
    t.type(outcome, 'string', text.slice(0, 400));
    t.equal(outcome, decode(text));
  }
});

await t.test('a record without a value is refused', async (t) => {
  t.throws(() => codec.readCommand(null), { code: 'record-undecodable', message: /no value/ });
});

await t.test('a long text that is refused at its end costs a time in proportion to its length', async (t) => {
  const long = JSON.stringify({ sku: 's'.repeat(64), name: 'n'.repeat(200), quantity: 1, unitPrice: 1 });
  const pairs = Array.from({ length: 20 }, (_, index) => `"${index}":"${'v'.repeat(3_000)}"`).join(',');
  const text = written
    .replace(JSON.stringify(order.items), `[${Array(100).fill(long).join(',')}]`)
    .replace(JSON.stringify(order.metadata), `{${pairs}}`);
  t.ok(readPlaced(text));
  const startedAt = performance.now();
  for (let run = 0; run < 20; run += 1) t.equal(readPlaced(`${text}x`), undefined);
  t.ok(performance.now() - startedAt < 2_000);
});
