import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { findOrder } from '../../src/services/find-order.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { LoggedOrders } from '../../src/services/logged-orders.ts';
import { RecentOrders } from '../../src/services/recent-orders.ts';
import type { OrderReader } from '../../src/store/order-store.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService } from '../support/small-service.ts';

const codec = createEventCodec();

const DEAD_LETTER = {
  state: 'dead-letter' as const,
  events: 1,
  record: { partition: 0, offset: 0, timestamp: 0, key: null, value: null },
  reason: 'store-refused' as const,
  error: 'the total is negative',
};

await t.test('an order that is saved while it is looked up is found', async (t) => {
  const { orderService, log, reader, processAll } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), { caller: 'alice', access: ALL_ORDERS });
  const recentOrders = new RecentOrders(16);
  const { find, findUnstored, progress } = boundTo(reader);
  // The batch is saved after the first look into the store.
  const slow = {
    find,
    findUnstored: async (id: string) => {
      const unstored = await findUnstored(id, () => true);
      await processAll();
      return unstored;
    },
    progress,
  };
  const found = await findOrder(receipt.id, ALL_ORDERS, receipt.position, {
    reader: asReader(slow),
    log,
    recentOrders,
    loggedOrders: new LoggedOrders({ log, codec }),
  });
  t.match(found, { id: receipt.id, status: 'confirmed', version: 1 });
});

await t.test('an order that becomes a dead letter while it is looked up is found', async (t) => {
  const { orderService, log } = await startSmallService(t);
  const { receipt } = await orderService.place(anOrder(), { caller: 'alice', access: ALL_ORDERS });
  let looks = 0;
  const reader = asReader({
    find: () => Promise.resolve(undefined),
    findUnstored: () => Promise.resolve((looks += 1) === 1 ? undefined : DEAD_LETTER),
    progress: () => Promise.resolve(1_000),
  });
  const found = await findOrder(receipt.id, ALL_ORDERS, undefined, {
    reader,
    log,
    recentOrders: new RecentOrders(16),
    loggedOrders: new LoggedOrders({ log, codec }),
  });
  t.same(found, { id: receipt.id, status: 'failed', version: 0, reason: 'the total is negative' });
});

/** Every other method fails the test. */
function asReader(methods: Pick<OrderReader, 'find' | 'findUnstored' | 'progress'>): OrderReader {
  return methods as OrderReader;
}

function boundTo(reader: OrderReader): Pick<OrderReader, 'find' | 'findUnstored' | 'progress'> {
  return {
    find: reader.find.bind(reader),
    findUnstored: reader.findUnstored.bind(reader),
    progress: reader.progress.bind(reader),
  };
}
