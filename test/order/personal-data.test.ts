import t from 'tap';
import { EVENT_TYPES } from '../../src/order/event-text.ts';
import {
  isOfCustomer,
  itemsWithoutNames,
  orderIdOf,
  withoutPersonalData,
} from '../../src/order/personal-data.ts';

const ERASURE = { customerId: 'c-7', pseudonym: 'erased-1' };
const ITEM = { sku: 's-1', name: 'Zwetschgenkuchen', quantity: 3, unitPrice: 300 };
const KEPT_ITEM = { sku: 's-1', quantity: 3, unitPrice: 300 };

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const event = (type: string, data: unknown) => ({
  specversion: '1.0',
  id: 'e-1',
  type,
  subject: 'o-1',
  data,
});
const kept = (type: string, data: unknown): unknown => {
  const value = withoutPersonalData(bytes(event(type, data)), ERASURE);
  return value === null ? null : (JSON.parse(value.toString()) as { data: unknown }).data;
};

await t.test('a placed order keeps what accounting needs', (t) => {
  const order = { merchantId: 'm-1', currency: 'EUR', total: 900 };
  const given = {
    ...order,
    customerId: 'c-7',
    items: [ITEM],
    metadata: { address: 'Ahornallee 12' },
    fingerprint: 'f',
  };
  t.same(kept(EVENT_TYPES.placed, given), { ...order, customerId: 'erased-1', items: [KEPT_ITEM] });
  t.match(kept(EVENT_TYPES.placed, { ...given, customerId: 'c-70' }), { customerId: 'c-70' });
  t.match(kept(EVENT_TYPES.placed, { ...given, items: 'none' }), { items: [] });
  t.end();
});

await t.test('a transition request loses its reason, and its actor if that is the customer', (t) => {
  const request = { to: 'cancelled', expectedVersion: 2 };
  const merchant = { merchantId: 'm-1' };
  t.same(
    kept(EVENT_TYPES.transitionRequested, {
      ...request,
      reason: 'moved house',
      actor: { customerId: 'c-7' },
    }),
    {
      ...request,
      actor: { customerId: 'erased-1' },
    },
  );
  t.same(kept(EVENT_TYPES.transitionRequested, { ...request, reason: 'not at home', actor: merchant }), {
    ...request,
    actor: merchant,
  });
  t.end();
});

await t.test('a change of status loses its reason', (t) => {
  const change = { merchantId: 'm-1', status: 'failed', version: 1, cause: 'e-0' };
  t.same(kept(EVENT_TYPES.statusChanged, { ...change, customerId: 'c-7', reason: 'unknown address' }), {
    ...change,
    customerId: 'erased-1',
    reason: null,
  });
  t.end();
});

await t.test('nothing is kept of what is no event of this service', (t) => {
  t.equal(kept('someone.else.v1', { customerId: 'c-7' }), null);
  t.equal(kept(EVENT_TYPES.placed, 'c-7'), null);
  t.equal(withoutPersonalData(Buffer.from('{"customerId":"c-7"'), ERASURE), null);
  t.end();
});

await t.test('an event belongs to the customer who placed the order or caused the event', (t) => {
  t.ok(isOfCustomer(bytes(event(EVENT_TYPES.placed, { customerId: 'c-7' })), 'c-7'));
  t.ok(isOfCustomer(bytes(event(EVENT_TYPES.transitionRequested, { actor: { customerId: 'c-7' } })), 'c-7'));
  t.notOk(isOfCustomer(bytes(event(EVENT_TYPES.placed, { customerId: 'c-70' })), 'c-7'));
  t.notOk(
    isOfCustomer(bytes(event(EVENT_TYPES.placed, { customerId: 'c-70', items: [{ sku: 'c-7' }] })), 'c-7'),
  );
  t.ok(isOfCustomer(bytes({ customerId: 'c-7' }), 'c-7'), 'in JSON of another kind');
  t.ok(isOfCustomer(Buffer.from('{"customerId":"c-7", cut'), 'c-7'), 'in bytes that are no JSON');
  t.equal(orderIdOf(bytes(event(EVENT_TYPES.placed, {}))), 'o-1');
  t.equal(orderIdOf(Buffer.from('{')), undefined);
  t.end();
});

await t.test('stored items lose their names', (t) => {
  t.equal(itemsWithoutNames(JSON.stringify([ITEM, KEPT_ITEM])), JSON.stringify([KEPT_ITEM, KEPT_ITEM]));
  t.end();
});
