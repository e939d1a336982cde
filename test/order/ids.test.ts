import t from 'tap';
import {
  createOrderIds,
  derivedOrderId,
  fingerprint,
  parseOrderId,
  timeOfOrderId,
} from '../../src/order/ids.ts';

await t.test('an id derived from caller and key is stable and differs between callers', async (t) => {
  t.equal(derivedOrderId('alice', 'key-1'), derivedOrderId('alice', 'key-1'));
  t.not(derivedOrderId('alice', 'key-1'), derivedOrderId('bob', 'key-1'));
  t.not(derivedOrderId('a', 'b:c'), derivedOrderId('a:b', 'c'));
});

await t.test('an id derived from a key that begins with a UUIDv7 contains its time', async (t) => {
  const [early, late] = [
    '01975d3a-8f00-7abc-8def-0123456789ab',
    '01975d3a-9f00-7abc-8def-0123456789ab',
  ] as const;
  const id = derivedOrderId('alice', early);
  t.match(id, /^01975d3a-8f00-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.equal(derivedOrderId('alice', early), id);
  t.ok(id < derivedOrderId('alice', late));
  const ofOneTime = [
    id,
    derivedOrderId('bob', early),
    derivedOrderId('alice', early.toUpperCase()),
    derivedOrderId('alice', `${early}#0`),
    derivedOrderId('alice', `${early}#1`),
    derivedOrderId('alice', early.replace('-7abc-', '-7abd-')),
  ];
  t.equal(new Set(ofOneTime).size, ofOneTime.length, 'another caller or key is another order');
  t.ok(ofOneTime.every((one) => one.startsWith('01975d3a-8f00-8')));
  t.equal(timeOfOrderId(id), undefined, 'the time is of the clock of who made the key');
});

await t.test('ids of other keys contain no time', async (t) => {
  const uuidV5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const key of [
    'key-1',
    '8e03978e-40d5-43e8-bc93-6894a57f9324',
    '01975d3a-8f00-7abc-cdef-0123456789ab',
    'order 01975d3a-8f00-7abc-8def-0123456789ab',
  ]) {
    t.match(derivedOrderId('alice', key), uuidV5, key);
  }
});

await t.test('a fresh id contains its time, a derived one does not', async (t) => {
  t.capture(Date, 'now', () => 1_800_000_000_123);
  t.equal(timeOfOrderId(createOrderIds()()), 1_800_000_000_123);
  t.equal(timeOfOrderId(derivedOrderId('alice', 'key-1')), undefined);
  t.equal(timeOfOrderId('garbage'), undefined);
});

await t.test('fresh ids are UUIDv7 and grow with time', async (t) => {
  const ids = Array.from({ length: 1000 }, createOrderIds());
  t.same([...ids].sort(), ids);
  t.match(ids[0], /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

await t.test(
  'ids are UUIDv7 that rise and never repeat, even if the clock is set back a little',
  async (t) => {
    const next = createOrderIds();
    const now = t.capture(Date, 'now', () => 1_800_000_000_000);
    const ids = Array.from({ length: 1_000 }, next);
    now.restore();
    t.capture(Date, 'now', () => 1_800_000_000_000 - 10_000);
    ids.push(...Array.from({ length: 1_000 }, next));
    t.same([...ids].sort(), ids);
    t.equal(new Set(ids).size, ids.length);
    const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    t.ok(ids.every((id) => shape.test(id)));
    const random = new Set(ids.map((id) => id.slice(-12)));
    t.equal(random.size, ids.length, 'no random bytes are used twice');
  },
);

await t.test('after a larger step back, ids have the new time', async (t) => {
  const next = createOrderIds();
  const now = t.capture(Date, 'now', () => 1_800_000_000_000);
  next();
  now.restore();
  const back = 1_800_000_000_000 - 3_600_000;
  t.capture(Date, 'now', () => back);
  const ids = Array.from({ length: 100 }, next);
  t.ok(ids.every((id) => timeOfOrderId(id) === back));
  t.same([...ids].sort(), ids, 'and rise from there');
});

await t.test('a fingerprint distinguishes bodies and ignores the order of metadata', async (t) => {
  const order = {
    customerId: 'c',
    merchantId: 'm',
    currency: 'INR',
    items: [{ sku: 's', quantity: 1, unitPrice: 5 }],
    metadata: { a: '1', b: '2' },
  };
  t.equal(fingerprint(order), fingerprint({ ...order, metadata: { b: '2', a: '1' } }));
  t.not(fingerprint(order), fingerprint({ ...order, items: [{ sku: 's', quantity: 2, unitPrice: 5 }] }));
});

await t.test('an order id is a UUID in any case', async (t) => {
  const id = '01975D3A-8F00-7ABC-8DEF-0123456789AB';
  t.equal(parseOrderId(id), id.toLowerCase());
  for (const text of ['', 'o-1', `${id}0`, id.replaceAll('-', '')]) {
    t.throws(() => parseOrderId(text), { code: 'order-not-found' });
  }
});
