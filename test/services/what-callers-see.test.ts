import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { hasCode, toError } from '../../src/base/errors.ts';
import type { Position } from '../../src/base/position.ts';
import { mayRequest, mayUse, type OrderAccess, type OrderParties } from '../../src/order/access.ts';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { accessOf, plain } from '../order/arbitraries.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService, type Replica } from '../support/small-service.ts';
import { withoutFind } from '../support/without-find.ts';

// Customers and merchants have the same ids, so that a mix-up would show.
const id = fc.constantFrom('a', 'b');
const filter = fc.record({ customerId: id, merchantId: id }, { requiredKeys: [], ...plain });
const anyOrder = { order: fc.nat(99), hint: fc.nat(99) };

/** Orders, and the orders whose positions are given instead, are numbers of earlier ones. */
const deed = fc.oneof(
  fc.record({
    kind: fc.constant('place' as const),
    parties: fc.record({ customerId: id, merchantId: id }, plain),
    key: fc.nat(60),
  }),
  fc.record({ kind: fc.constant('read' as const), ...anyOrder }),
  fc.record({ kind: fc.constant('list' as const), filter }),
  fc.record({ kind: fc.constant('watch' as const), ...anyOrder }),
  fc.record({ kind: fc.constant('watch-all' as const), filter }),
  fc.record({
    kind: fc.constant('transition' as const),
    ...anyOrder,
    to: fc.constantFrom<RequestableStatus>('preparing', 'cancelled'),
  }),
  fc.record({ kind: fc.constant('process' as const) }),
);

interface KnownOrder {
  id: string;
  parties: OrderParties;
  position: Position | undefined;
}

await t.test('invariant 12: whatever callers do, they see and change only orders of their own', async (t) => {
  const service = await startSmallService(t);
  const replicas: Replica[] = [service, service.replica(withoutFind(service.log), 1)];
  const orders: KnownOrder[] = [];
  const ownerOf = new Map<string, OrderParties>();
  const counts = { shown: 0, hidden: 0, listed: 0, changes: 0 };

  /** An order by number, or one that does not exist. */
  const nth = (number: number): KnownOrder =>
    orders[orders.length - 1 - (number % (orders.length + 1))] ?? {
      id: randomUUID(),
      parties: { customerId: 'x', merchantId: 'x' },
      position: undefined,
    };

  function isVisible(access: OrderAccess, orderId: string): void {
    const owner = ownerOf.get(orderId);
    assert.ok(owner !== undefined && mayUse(access, owner), `${JSON.stringify(access)} sees ${orderId}`);
  }

  /** A caller finds its own orders, whatever their state, and no others. */
  async function isOwnOnly(
    access: OrderAccess,
    known: KnownOrder,
    use: () => Promise<unknown>,
  ): Promise<void> {
    const isOwn = ownerOf.has(known.id) && mayUse(access, known.parties);
    const error = await use().then(
      () => undefined,
      (thrown: unknown) => toError(thrown),
    );
    const isUnknown = hasCode(error, 'order-not-found');
    assert.equal(isUnknown, !isOwn, `${JSON.stringify(access)} ${known.id} ${error?.message ?? ''}`);
    if (isUnknown) assert.equal(error?.message, `This service has no order ${known.id}.`);
    counts[isOwn ? 'shown' : 'hidden'] += 1;
  }

  async function run(
    deed: Deed,
    access: OrderAccess,
    { orderService, watchService }: Replica,
  ): Promise<void> {
    switch (deed.kind) {
      case 'place': {
        const options = { caller: JSON.stringify(access), access, idempotencyKey: `key-${deed.key}` };
        const placing = orderService.place(anOrder(deed.parties), options);
        const placed = await placing.catch((thrown: unknown) => toError(thrown));
        if (!mayUse(access, deed.parties)) {
          assert.ok(hasCode(placed, 'access-denied'));
        } else if (placed instanceof Error) {
          assert.ok(hasCode(placed, 'idempotency-key-reused'));
          for (const { id, parties } of orders)
            if (!mayUse(access, parties)) assert.ok(!placed.message.includes(id));
        } else if (ownerOf.has(placed.receipt.id)) {
          isVisible(access, placed.receipt.id);
        } else {
          const { id, position } = placed.receipt;
          orders.push({ id, parties: deed.parties, position });
          ownerOf.set(id, deed.parties);
        }
        return;
      }
      case 'read': {
        const known = nth(deed.order);
        await isOwnOnly(access, known, async () => {
          // Other callers try any position.
          const position = (mayUse(access, known.parties) ? known : nth(deed.hint)).position;
          await orderService.get(known.id, access, { position });
          await orderService.history(known.id, access, { position });
        });
        return;
      }
      case 'list': {
        const pageReader = { caller: 'anyone', hasLeft: () => false, budget: { refusal: () => undefined } };
        const page = await orderService.list({ ...deed.filter, limit: 100 }, access, pageReader);
        for (const order of page.data) isVisible(access, order.id);
        counts.listed += page.data.length;
        return;
      }
      case 'watch': {
        const known = nth(deed.order);
        await isOwnOnly(access, known, async () => {
          const watch = await watchService.watchOrder(known.id, access, { position: known.position });
          watch.close();
        });
        return;
      }
      case 'watch-all': {
        const watch = await watchService.watchOrders(deed.filter, access);
        open.push({ access, watch });
        return;
      }
      case 'transition': {
        const known = nth(deed.order);
        await isOwnOnly(access, known, async () => {
          const { id, position } = known;
          try {
            await orderService.transition(id, { to: deed.to }, access, { position });
            assert.ok(mayRequest(access, deed.to));
          } catch (error) {
            if (hasCode(error, 'access-denied')) assert.ok(!mayRequest(access, deed.to));
            throw error;
          }
        });
        return;
      }
      case 'process':
        if (orders.length > 0) await service.processAll(replicas.map(({ hub }) => hub));
        for (const { access, watch } of open) {
          for (let item = watch.take(); item !== undefined; item = watch.take()) {
            if (item.kind === 'change') isVisible(access, item.change.orderId);
            counts.changes += 1;
          }
        }
    }
  }

  type Watching = { access: OrderAccess; watch: Awaited<ReturnType<Replica['watchService']['watchOrders']>> };
  let open: Watching[] = [];
  const steps = fc.array(fc.record({ deed, access: accessOf(id), replica: fc.nat(1) }), {
    minLength: 30,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      for (const { deed, access, replica } of steps) {
        const at = replicas[replica];
        if (at !== undefined) await run(deed, access, at);
      }
      for (const { watch } of open) watch.close();
      open = [];
    }),
    // The service is shared: its orders pile up, so a failure cannot be shrunk.
    { numRuns: 12, endOnFailure: true },
  );
  t.ok(Math.min(...Object.values(counts)) > 0, JSON.stringify(counts));
});

type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;
