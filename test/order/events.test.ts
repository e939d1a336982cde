import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { hasCode } from '../../src/base/errors.ts';
import type { StatusChange } from '../../src/order/commands.ts';
import { EVENT_TYPES, peekCause, peekOutcome, peekStatusChange } from '../../src/order/event-text.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { ORDER_STATUSES } from '../../src/order/lifecycle.ts';
import { anyText, identifier, placeOrder, plain, requestTransition, time } from './arbitraries.ts';

const codec = createEventCodec();

const statusChange: fc.Arbitrary<StatusChange> = fc.record(
  {
    orderId: fc.string({ unit: 'binary', minLength: 1, maxLength: 32 }),
    customerId: identifier,
    merchantId: identifier,
    status: fc.constantFrom(...ORDER_STATUSES),
    version: fc.integer({ min: 1 }),
    at: time,
    reason: fc.option(anyText(40), { nil: null }),
    cause: fc.record({ partition: fc.nat(), offset: fc.maxSafeNat() }, plain),
  },
  plain,
);

await t.test('status and time are read without decoding the change', async (t) => {
  fc.assert(
    fc.property(statusChange, fc.uuid(), (change, orderId) => {
      const ofOurs = peekOutcome(Buffer.from(codec.encodeStatusChange({ ...change, orderId })));
      assert.deepStrictEqual(ofOurs, { status: change.status, at: change.at });
      // An order id that is not a UUID may be longer than the bytes that are read.
      const ofAny = peekOutcome(Buffer.from(codec.encodeStatusChange(change)));
      assert.deepStrictEqual(ofAny ?? ofOurs, ofOurs);
    }),
  );
  for (const value of ['', '{}', '{"time":"2026-11-05T12:30:00.000Z","data":{"status":"confirmed"}}']) {
    t.equal(peekOutcome(Buffer.from(value)), undefined);
  }
});

await t.test('order id and version are read without decoding the change', async (t) => {
  fc.assert(
    fc.property(statusChange, fc.uuid(), (change, orderId) => {
      const value = Buffer.from(codec.encodeStatusChange({ ...change, orderId }));
      if (change.version < 1e10)
        assert.deepStrictEqual(peekStatusChange(value), { orderId, version: change.version });
    }),
  );
  t.equal(peekStatusChange(Buffer.from('{"specversion":"1.0","id":"a"}')), undefined);
});

await t.test('the cause is read without decoding the change', async (t) => {
  fc.assert(
    fc.property(statusChange, (change) => {
      assert.deepStrictEqual(peekCause(Buffer.from(codec.encodeStatusChange(change))), change.cause);
    }),
  );
  const values = [
    '',
    '}}}',
    '1}}}',
    ',"offset":1}}}',
    '"cause":{"partition":,"offset":1}}}',
    '"cause":{"partition":1,"offset":}}}',
    '"cause":{"partition":1,"offset":99999999999999999}}}',
    '"cause":{"partition":1,"offset":2}}',
  ];
  for (const value of values) t.equal(peekCause(Buffer.from(value)), undefined, value);
});

await t.test('every command survives encoding and decoding', async (t) => {
  fc.assert(
    fc.property(fc.oneof(placeOrder, requestTransition), (command) => {
      assert.deepStrictEqual(codec.decodeCommand(codec.encodeCommand(command)), command);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

await t.test('every status change survives encoding and decoding', async (t) => {
  fc.assert(
    fc.property(statusChange, (change) => {
      assert.deepStrictEqual(codec.decodeStatusChange(codec.encodeStatusChange(change)), change);
    }),
  );
  t.pass();
});

await t.test('an event is a CloudEvent in structured JSON mode whose subject is the order id', async (t) => {
  fc.assert(
    fc.property(placeOrder, (command) => {
      const event = JSON.parse(codec.encodeCommand(command).toString()) as Record<string, unknown>;
      assert.equal(event.specversion, '1.0');
      assert.equal(event.type, EVENT_TYPES.placed);
      assert.equal(event.datacontenttype, 'application/json');
      assert.equal(event.id, command.eventId);
      assert.equal(event.subject, command.orderId);
      assert.equal(event.time, new Date(command.time).toISOString());
    }),
  );
  t.pass();
});

await t.test('any bytes and any JSON are decoded or refused as record-undecodable', async (t) => {
  const nearlyAnEvent = fc.record(
    {
      specversion: fc.constantFrom('1.0', '0.3', 1),
      id: fc.oneof(fc.constant('e'), fc.jsonValue()),
      source: fc.constant('/order-system'),
      type: fc.oneof(fc.constantFrom(...Object.values(EVENT_TYPES)), fc.jsonValue()),
      subject: fc.oneof(fc.constant('o'), fc.jsonValue()),
      time: fc.oneof(fc.constant('2026-01-01T00:00:00Z'), fc.string({ minLength: 20 }), fc.jsonValue()),
      data: fc.oneof(fc.jsonValue(), fc.record({ to: fc.constant('cancelled'), reason: fc.jsonValue() })),
    },
    { requiredKeys: [] },
  );
  const bytes = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    nearlyAnEvent.map((event) => Buffer.from(JSON.stringify(event))),
    placeOrder.map((command) => codec.encodeCommand(command).subarray(0, -1)),
  );
  const refusedProperly = (decode: (value: Buffer | null) => unknown, value: Buffer | null) => {
    try {
      decode(value);
      return true;
    } catch (error) {
      return hasCode(error, 'record-undecodable');
    }
  };
  fc.assert(
    fc.property(
      bytes,
      (value) =>
        refusedProperly((value) => codec.decodeCommand(value), value) &&
        refusedProperly((value) => codec.decodeStatusChange(value), value),
    ),
    { numRuns: 2000 },
  );
  t.pass();
});
