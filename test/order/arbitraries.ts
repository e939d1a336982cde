import fc from 'fast-check';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import type { PlaceOrder, RequestTransition } from '../../src/order/commands.ts';
import type { DecidedCommand, FinalOutcome } from '../../src/order/decide.ts';
import { REQUESTABLE_STATUSES } from '../../src/order/lifecycle.ts';
import { orderTotal, type NewOrder } from '../../src/order/order.ts';

/** Any text: quotes, line breaks, every plane of Unicode. */
export const anyText = (maxLength: number) => fc.string({ unit: 'binary', maxLength });

/** Objects with the usual prototype. */
export const plain = { noNullPrototype: true } as const;

export const identifier = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);

/** Milliseconds since the epoch, within the years that RFC 3339 can express. */
export const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });

const item = fc.record(
  {
    sku: identifier,
    name: anyText(40),
    quantity: fc.integer({ min: 1, max: 1000 }),
    unitPrice: fc.integer({ min: 0, max: 1_000_000_000 }),
  },
  { requiredKeys: ['sku', 'quantity', 'unitPrice'], ...plain },
);

export const newOrder: fc.Arbitrary<NewOrder> = fc.record(
  {
    customerId: identifier,
    merchantId: identifier,
    currency: fc.constantFrom('INR', 'EUR', 'USD', 'JPY'),
    items: fc.array(item, { minLength: 1, maxLength: 8 }),
    metadata: fc.dictionary(anyText(20), anyText(40), { maxKeys: 20, ...plain }),
  },
  { requiredKeys: ['customerId', 'merchantId', 'currency', 'items'], ...plain },
);

const envelope = {
  eventId: fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
  orderId: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 }),
  time,
  traceparent: fc.option(anyText(60), { nil: undefined }),
};

export const placeOrder: fc.Arbitrary<PlaceOrder> = fc
  .record({ ...envelope, order: newOrder, fingerprint: fc.option(anyText(22), { nil: undefined }) })
  .map(({ order, ...rest }) => ({
    kind: 'place',
    ...rest,
    order: { ...order, total: orderTotal(order.items) },
  }));

/** @param ids of customers and merchants */
export const accessOf = (ids: fc.Arbitrary<string>): fc.Arbitrary<OrderAccess> =>
  fc.oneof(
    fc.constant(ALL_ORDERS),
    ids.map((customerId): OrderAccess => ({ kind: 'customer', customerId })),
    ids.map((merchantId): OrderAccess => ({ kind: 'merchant', merchantId })),
  );

export const requestTransition: fc.Arbitrary<RequestTransition> = fc
  .record({
    ...envelope,
    to: fc.constantFrom(...REQUESTABLE_STATUSES),
    reason: fc.option(anyText(40), { nil: undefined }),
    // Mostly undefined: a random version rarely matches.
    expectedVersion: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.nat({ max: 4 }) },
    ),
    actor: accessOf(identifier),
  })
  .map((request) => ({ kind: 'transition', ...request }));

export const outcome: fc.Arbitrary<FinalOutcome> = fc.record(
  {
    // Mostly confirmed: the other two end the order's life.
    status: fc.constantFrom('confirmed', 'confirmed', 'confirmed', 'rejected', 'failed'),
    reason: fc.option(anyText(20), { nil: null }),
  },
  plain,
);

const fewIds = fc.constantFrom('a', 'b');
const FEW_ORDERS = ['o-0', 'o-1', 'o-2', 'o-3'];
const PARTITIONS = 2;

/** Commands of a few orders as in a log: one partition per order, growing offsets with gaps. */
export const commandLog: fc.Arbitrary<DecidedCommand[]> = fc
  .array(
    fc.record({
      index: fc.nat({ max: FEW_ORDERS.length - 1 }),
      gap: fc.integer({ min: 1, max: 3 }),
      request: fc.oneof(
        { weight: 1, arbitrary: fc.record({ command: placeOrder, outcome }) },
        { weight: 3, arbitrary: requestTransition },
      ),
      customerId: fewIds,
      merchantId: fewIds,
      actor: accessOf(fewIds),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((entries) => {
    const next = Array.from({ length: PARTITIONS }, () => 0);
    return entries.map(({ index, gap, request, customerId, merchantId, actor }): DecidedCommand => {
      const partition = index % PARTITIONS;
      const offset = (next[partition] ?? 0) + gap;
      next[partition] = offset;
      const position = { partition, offset };
      const orderId = FEW_ORDERS[index] ?? 'o-0';
      if (!('outcome' in request)) return { position, command: { ...request, orderId, actor } };
      const { command, outcome } = request;
      const order = { ...command.order, customerId, merchantId };
      return { position, command: { ...command, orderId, order }, outcome };
    });
  });
