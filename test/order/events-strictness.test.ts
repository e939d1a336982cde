import t from 'tap';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import { EVENT_TYPES } from '../../src/order/event-text.ts';
import { createEventCodec } from '../../src/order/events.ts';

const codec = createEventCodec();

const envelope = {
  specversion: '1.0',
  id: 'e-1',
  source: '/order-system',
  subject: 'o-1',
  time: '2026-11-22T10:00:00.000Z',
  datacontenttype: 'application/json',
};
const order = {
  customerId: 'c-1',
  merchantId: 'm-1',
  currency: 'INR',
  items: [{ sku: 's', quantity: 1, unitPrice: 5 }],
  total: 5,
};
const placed = { ...envelope, type: EVENT_TYPES.placed, data: order };
const moved = { ...envelope, type: EVENT_TYPES.transitionRequested, data: { to: 'cancelled' } };
const changed = {
  ...envelope,
  type: EVENT_TYPES.statusChanged,
  data: {
    customerId: 'c-1',
    merchantId: 'm-1',
    status: 'confirmed',
    version: 1,
    reason: null,
    cause: { partition: 0, offset: 0 },
  },
};

const decode = (event: unknown) => codec.decodeCommand(Buffer.from(JSON.stringify(event)));
const decodeChange = (event: unknown) => codec.decodeStatusChange(Buffer.from(JSON.stringify(event)));

await t.test('an event with CloudEvents extensions and without optional attributes decodes', async (t) => {
  const extended = {
    ...placed,
    tenant: 'x',
    dataschema: 'https://example.com/s',
    sequence: 7,
    subjectname: null,
  };
  t.strictSame(decode(extended), decode(placed));
  t.strictSame(decode({ ...moved, partitionkey: 'o-1' }), decode(moved));
  t.strictSame(decode({ ...moved, datacontenttype: undefined }), decode(moved));
  t.strictSame(decodeChange({ ...changed, partitionkey: 'o-1' }), decodeChange(changed));
});

await t.test('unknown fields of the data are ignored and override nothing', async (t) => {
  const foreign = { orderId: 'o-2', kind: 'place', eventId: 'e-2', time: 0, at: 0, more: {} };
  t.strictSame(decode({ ...moved, data: { ...moved.data, ...foreign } }), decode(moved));
  t.strictSame(decode({ ...placed, data: { ...placed.data, ...foreign } }), decode(placed));
  t.strictSame(decodeChange({ ...changed, data: { ...changed.data, ...foreign } }), decodeChange(changed));
});

await t.test('invalid data is refused with its location', async (t) => {
  const refused = (data: object, where: string) => {
    t.throws(() => decode({ ...placed, data: { ...order, ...data } }), {
      code: 'record-undecodable',
      message: new RegExp(where),
    });
  };
  refused({ customerId: 'no spaces' }, '/data/customerId');
  refused({ customerId: undefined }, '/data');
  refused({ currency: 'XXXX' }, '/data/currency');
  refused({ items: [] }, '/data/items');
  refused({ items: [{ sku: 's', quantity: 0, unitPrice: 5 }] }, '/data/items/0/quantity');
  refused({ items: [{ sku: 's', quantity: '1', unitPrice: 5 }] }, '/data/items/0/quantity');
  refused({ items: [{ sku: 's', quantity: 1, unitPrice: 5, colour: 'red' }] }, '/data/items/0');
  refused({ total: -1 }, '/data/total');
  refused({ total: 2 ** 53 }, '/data/total');
  refused({ metadata: { a: 1 } }, '/data/metadata');
  refused({ metadata: { 'a\nb': 1 } }, '/data/metadata');
});

await t.test('a foreign envelope is refused with the location of the error', async (t) => {
  const refused = (event: unknown, message: RegExp) => {
    t.throws(() => decode(event), { code: 'record-undecodable', message });
  };
  refused({ ...placed, specversion: '0.3' }, /specversion/);
  refused({ ...placed, type: EVENT_TYPES.statusChanged }, /type/);
  refused({ ...placed, subject: '' }, /subject/);
  refused({ ...placed, data: undefined }, /The event .*data/);
  refused({ ...moved, data: { to: 'accepted' } }, /data\/to/);
  refused({ ...moved, data: { to: 'cancelled', expectedVersion: -1 } }, /data\/expectedVersion/);
  refused([], /The event/);
  refused('text', /The event/);
  t.throws(() => codec.decodeCommand(null), { code: 'record-undecodable', message: /no value/ });
  t.throws(() => codec.decodeCommand(Buffer.from('{')), { code: 'record-undecodable', message: /not JSON/ });
  t.throws(() => decodeChange(placed), { code: 'record-undecodable', message: /type/ });
});

await t.test('a time must be an RFC 3339 timestamp with a zone', async (t) => {
  const at = (time: string) => decode({ ...moved, time }).time;
  t.equal(at('2026-11-22T15:30:00.123456+05:30'), Date.UTC(2026, 10, 22, 10, 0, 0, 123));
  const refused = [
    '2026-11-22T10:00:00.000',
    'Sun, 22 Nov 2026 10:00:00 GMT',
    '2026-02-31T10:00:00.000Z',
    '2016-12-31T23:58:60Z',
  ];
  for (const time of refused) t.throws(() => at(time), { code: 'record-undecodable', message: /time/ }, time);
});

await t.test('an order that was accepted before metadata had limits still decodes', async (t) => {
  const metadata = { ['k'.repeat(65)]: 'v'.repeat(501) };
  t.match(decode({ ...placed, data: { ...order, metadata } }), { order: { metadata } });
});

await t.test('a transition request says whose orders its actor may use; without an actor, all', async (t) => {
  const withActor = (actor: unknown) => decode({ ...moved, data: { ...moved.data, actor } });
  t.match(decode(moved), { actor: { kind: 'all' } });
  t.match(withActor({ customerId: 'c-1' }), { actor: { kind: 'customer', customerId: 'c-1' } });
  t.match(withActor({ merchantId: 'm-1' }), { actor: { kind: 'merchant', merchantId: 'm-1' } });
  // An actor that is not understood must not count as one that may use all orders.
  const unknown = [null, {}, 'c-1', [], { customerId: '' }, { customerId: 1 }, { operatorId: 'o-1' }];
  const more = [
    { customerId: 'c-1', merchantId: 'm-1' },
    { customerId: 'c-1', tenantId: 't-1' },
  ];
  for (const actor of [...unknown, ...more]) {
    t.throws(
      () => withActor(actor),
      { code: 'record-undecodable', message: /^\/data\/actor/ },
      JSON.stringify(actor),
    );
  }
});

await t.test('an actor that may use all orders is left out, as in events of earlier versions', async (t) => {
  const command = { kind: 'transition', eventId: 'e-1', orderId: 'o-1', time: 0, to: 'cancelled' } as const;
  const dataOf = (actor: OrderAccess) =>
    (JSON.parse(codec.encodeCommand({ ...command, actor }).toString()) as { data: unknown }).data;
  t.strictSame(dataOf(ALL_ORDERS), { to: 'cancelled' });
  t.strictSame(dataOf({ kind: 'customer', customerId: 'c' }), {
    to: 'cancelled',
    actor: { customerId: 'c' },
  });
  t.strictSame(dataOf({ kind: 'merchant', merchantId: 'm' }), {
    to: 'cancelled',
    actor: { merchantId: 'm' },
  });
});
