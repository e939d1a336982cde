import { randomUUID } from 'node:crypto';
import t from 'tap';
import { toError } from '../../src/base/errors.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import type { Position } from '../../src/base/position.ts';
import { ALL_ORDERS, type OrderAccess } from '../../src/order/access.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { LoggedOrders } from '../../src/services/logged-orders.ts';
import type { OrderService } from '../../src/services/order-service.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { deadLetter, emptyDecision } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService, type Replica, type SmallService } from '../support/small-service.ts';
import { withoutFind } from '../support/without-find.ts';

const order = anOrder();
const CUSTOMER: OrderAccess = { kind: 'customer', customerId: order.customerId };
const MERCHANT: OrderAccess = { kind: 'merchant', merchantId: order.merchantId };
const OWNERS = [ALL_ORDERS, CUSTOMER, MERCHANT];
const STRANGERS: readonly OrderAccess[] = [
  { kind: 'customer', customerId: 'c-other' },
  { kind: 'customer', customerId: order.merchantId },
  { kind: 'merchant', merchantId: 'm-other' },
  { kind: 'merchant', merchantId: order.customerId },
];

/** How the service answers each use of an order. An error tells only its code and message, without the id. */
async function answers(
  { orderService, watchService }: Replica,
  id: string,
  access: OrderAccess,
  position?: Position,
): Promise<string[]> {
  const uses = [
    async () => (await orderService.get(id, access, { position })).id,
    () => orderService.history(id, access, { position }),
    async () => {
      const watch = await watchService.watchOrder(id, access, { position });
      watch.close();
      return watch.take()?.kind;
    },
    async () => (await orderService.transition(id, { to: 'cancelled' }, access, { position })).id,
  ];
  return Promise.all(
    uses.map((use) =>
      use().then(JSON.stringify, (thrown: unknown) => {
        const { code, message } = toError(thrown) as Error & { code?: string };
        return `${code}: ${message}`.replaceAll(id, '<id>');
      }),
    ),
  );
}

/** States of an order, each with the replicas that know of it. */
const STATES: Record<string, (service: SmallService) => Promise<{ id: string; replicas: Known[] }>> = {
  async 'in the log'(service) {
    const { receipt } = await service.orderService.place(order, { caller: 'alice', access: CUSTOMER });
    const { id, position } = receipt;
    const kafka = service.replica(withoutFind(service.log));
    return {
      id,
      replicas: [{ replica: service }, { replica: service.replica() }, { replica: kafka, position }],
    };
  },
  async retrying(service) {
    const { id, record } = await placed(service);
    const times = { firstFailedAt: 0, failedAt: 0, dueAt: 1e13, lateMs: 0 };
    const retrying = {
      orderId: id,
      partition: 0,
      attempts: 1,
      events: 1,
      error: '',
      ...times,
      unanswered: false,
    };
    await service.store.save({
      topic: 'test',
      decision: emptyDecision(),
      deadLetters: [],
      resolved: [],
      retryChanges: { ...noRetryChanges(), added: [retrying], events: [{ orderId: id, record }] },
      loadedProgress: new Map(),
      nextProgress: new Map(),
    });
    return { id, replicas: [{ replica: service.replica(withoutFind(service.log)) }] };
  },
  async 'a dead letter'(service) {
    const { id, record } = await placed(service);
    await keepDeadLetters(service.store, [deadLetter(record, { orderId: id })]);
    return { id, replicas: [{ replica: service.replica(withoutFind(service.log)) }] };
  },
  async stored(service) {
    const { receipt } = await service.orderService.place(order, { caller: 'alice', access: ALL_ORDERS });
    await service.processAll();
    return { id: receipt.id, replicas: [{ replica: service }] };
  },
};

interface Known {
  replica: Replica;
  position?: Position | undefined;
}

async function placed({ orderService, log }: SmallService): Promise<{ id: string; record: LogRecord }> {
  const { receipt } = await orderService.place(order, { caller: 'alice', access: ALL_ORDERS });
  const record = await log.find?.('orders.commands', receipt.id);
  if (record === undefined) throw new Error('The log does not have the order.');
  return { id: receipt.id, record };
}

for (const [state, prepare] of Object.entries(STATES)) {
  await t.test(`invariant 12: an order that is ${state} is known to its parties only`, async (t) => {
    const service = await startSmallService(t);
    const { id, replicas } = await prepare(service);
    for (const { replica, position } of replicas) {
      const unknown = await answers(replica, randomUUID(), CUSTOMER, position);
      t.same(unknown, Array(4).fill('order-not-found: This service has no order <id>.'));
      for (const access of STRANGERS) {
        t.same(await answers(replica, id, access, position), unknown, JSON.stringify(access));
      }
      for (const access of OWNERS) {
        const known = await answers(replica, id, access, position);
        t.match(known[0], id, JSON.stringify(access));
        t.notMatch(known.join(), 'not-found');
      }
    }
    t.equal(service.hub.watcherCount, 0);
  });
}

await t.test('the position of another order proves nothing', async (t) => {
  const service = await startSmallService(t);
  const { receipt } = await service.orderService.place(order, { caller: 'alice', access: CUSTOMER });
  const { orderService } = service.replica(withoutFind(service.log));
  const { partition = 0, offset = 0 } = receipt.position ?? {};
  const isUnknown = (id: string, position: Position) =>
    t.rejects(orderService.get(id, CUSTOMER, { position }), { code: 'order-not-found' });
  await isUnknown(randomUUID(), { partition, offset });
  await isUnknown(receipt.id, { partition, offset: offset + 1 });
  await isUnknown(receipt.id, { partition: (partition + 1) % 3, offset });
  await isUnknown(receipt.id, { partition: 99, offset });
  await isUnknown(receipt.id, { partition, offset: 1e14 });
});

await t.test(
  'a replica that accepted an order answers other callers as quickly as about an unknown one',
  async (t) => {
    const service = await startSmallService(t);
    const kafka = withoutFind(service.log);
    const { orderService } = service.replica(kafka);
    const { receipt } = await orderService.place(order, { caller: 'alice', access: CUSTOMER });
    const read = t.capture(kafka, 'recordsAt', kafka.recordsAt.bind(kafka));
    for (const access of [...STRANGERS, MERCHANT]) {
      await t.rejects(orderService.get(receipt.id, access), { code: 'order-not-found' });
    }
    t.match(await orderService.get(receipt.id, CUSTOMER), { status: 'accepted' });
    t.same(read(), [], 'nothing is read from the log');
    t.match(await orderService.get(receipt.id, MERCHANT, { position: receipt.position }), {
      status: 'accepted',
    });
    t.equal(read().length, 1);
  },
);

await t.test('orders are placed only for the caller itself, and nothing is appended otherwise', async (t) => {
  const { orderService, log } = await startSmallService(t);
  for (const access of OWNERS) {
    t.match(await orderService.place(order, { caller: 'alice', access }), { replayed: false });
  }
  const appended = t.capture(log, 'append');
  for (const access of STRANGERS) {
    for (const idempotencyKey of [undefined, 'key-1']) {
      await t.rejects(orderService.place(order, { caller: 'alice', access, idempotencyKey }), {
        code: 'access-denied',
        message: `You may place orders only for your own ${access.kind} id.`,
      });
    }
  }
  t.same(appended(), []);
});

await t.test('a customer may only cancel, before and after its order is stored', async (t) => {
  const { orderService, reader, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(order, { caller: 'alice', access: CUSTOMER });
  const { id } = receipt;
  const isRefused = () =>
    t.rejects(orderService.transition(id, { to: 'preparing', expectedVersion: 7 }, CUSTOMER), {
      code: 'access-denied',
      message: 'A customer may only cancel an order, not request preparing.',
    });
  await isRefused();
  await processAll();
  await isRefused();
  t.match(await orderService.transition(id, { to: 'preparing' }, MERCHANT), { status: 'confirmed' });
  t.match(await orderService.transition(id, { to: 'cancelled' }, CUSTOMER), { status: 'confirmed' });
  await processAll();
  t.same(
    (await reader.history(id, ALL_ORDERS)).map(({ status }) => status),
    ['confirmed', 'preparing', 'cancelled'],
  );
});

await t.test(
  'a reused key does not name the order of a caller that has become another customer',
  async (t) => {
    const service = await startSmallService(t);
    const place = (orderService: OrderService, access: OrderAccess, customerId: string) =>
      orderService.place(anOrder({ customerId }), { caller: 'alice', access, idempotencyKey: 'key-1' });
    const { receipt } = await place(service.orderService, CUSTOMER, order.customerId);
    const isUnnamed = async (orderService: OrderService) => {
      const error = await place(orderService, { kind: 'customer', customerId: 'c-new' }, 'c-new').catch(
        toError,
      );
      t.match(error, {
        code: 'idempotency-key-reused',
        message:
          'The key was already used for another order, with another body. Use a new key for a new order.',
      });
    };
    await isUnnamed(service.orderService);
    await isUnnamed(service.replica().orderService);
    await service.processAll();
    await isUnnamed(service.replica().orderService);
    await t.rejects(place(service.replica().orderService, ALL_ORDERS, 'c-new'), {
      code: 'idempotency-key-reused',
      message: new RegExp(receipt.id),
    });
  },
);

await t.test(
  'invariant 9: only a few orders that are not stored are looked up in the log at a time',
  async (t) => {
    const codec = createEventCodec();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const value = codec.encodeCommand({
      kind: 'place',
      eventId: 'e-1',
      orderId: 'o-1',
      time: 0,
      order: { ...order, total: 0 },
    });
    const record = { partition: 0, offset: 5, timestamp: 0, key: Buffer.from('o-1'), value };
    const log = {
      ranges: () => Promise.resolve([{ start: 5, end: 6 }]),
      recordsAt: async () => {
        await released;
        return new Map([[0, record]]);
      },
    };
    const loggedOrders = new LoggedOrders({ log, codec });
    const has = (offset = 5, access: OrderAccess = CUSTOMER) =>
      loggedOrders.has('o-1', { partition: 0, offset }, access);
    const readsOf = (access: OrderAccess) => Array.from({ length: 4 }, () => has(5, access));
    const own = readsOf(CUSTOMER);
    await t.rejects(has(), { code: 'overloaded' }, 'a caller leaves some for others');
    const reads = [...own, ...readsOf(MERCHANT)];
    await t.rejects(has(5, { kind: 'customer', customerId: 'c-other' }), { code: 'overloaded' });
    release();
    t.same(await Promise.all(reads), Array<boolean>(8).fill(true));
    t.equal(await has(4), false, 'deleted from the log');
    t.equal(await has(6), false, 'beyond the end');
    t.equal(await has(), true);
  },
);

await t.test('a record shows an order only if it placed the order', async (t) => {
  const codec = createEventCodec();
  const log = { ranges: () => Promise.resolve([]), recordsAt: () => Promise.resolve(new Map()) };
  const loggedOrders = new LoggedOrders({ log, codec });
  const command = { eventId: 'e-1', orderId: 'o-1', time: 0 };
  const moved = codec.encodeCommand({ ...command, kind: 'transition', to: 'cancelled', actor: CUSTOMER });
  for (const value of [null, Buffer.from('garbage'), moved]) {
    const record = { partition: 0, offset: 0, timestamp: 0, key: null, value };
    t.equal(loggedOrders.allows(CUSTOMER, record), false);
    t.equal(loggedOrders.allows(ALL_ORDERS, record), true);
  }
  const broken = {
    ...codec,
    decodeCommand: () => {
      throw new TypeError('a bug');
    },
  };
  const record = { partition: 0, offset: 0, timestamp: 0, key: null, value: null };
  t.throws(() => new LoggedOrders({ log, codec: broken }).allows(CUSTOMER, record), TypeError);
});
